import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import type { Engine, Launch } from "./engine.ts";
import { standStill } from "./stand-still.ts";
import { untilReady } from "./until-ready.ts";

/**
 * Becomes the server ("$@"), and leaves a guard behind that waits for a line on descriptor 3. If that ends without one,
 * then the process at its other end is gone, however it went: the server goes, too, with its folder ("$0").
 */
const GUARDED =
  '{ read -r _ <&3 || { kill -9 $$; sleep 1; rm -rf -- "$0"; }; } >/dev/null 2>&1 & exec "$@" 3<&-';

/** Runs a server as a process of this machine, with a store of its own. It does not outlive this process. */
export async function startLocally(binary: string, launch: Launch): Promise<Engine> {
  const folder = await mkdtemp(join(tmpdir(), "loopgate-engine-"));
  const args = launch.args({ address: "127.0.0.1", folder });
  const start = () => started([folder, binary, ...args], launch);
  const removeFolder = () => rm(folder, { recursive: true, force: true, maxRetries: 5 });
  let child = await start().catch(async (error: unknown) => {
    await removeFolder();
    throw error;
  });
  return {
    isOurs: true,
    kill: () => killed(child),
    restart: async () => {
      await killed(child);
      child = await start();
    },
    freeze: async () => {
      if (child.kill("SIGSTOP") && child.pid !== undefined) await standStill(child.pid);
    },
    thaw: async () => void child.kill("SIGCONT"),
    [Symbol.asyncDispose]: async () => {
      await killed(child);
      await removeFolder();
    },
  };
}

async function started(command: readonly [string, ...string[]], launch: Launch): Promise<ChildProcess> {
  const log = join(command[0], "server.log");
  const written = openSync(log, "a");
  const child = spawn("sh", ["-c", GUARDED, ...command], { stdio: ["ignore", written, written, "pipe"] });
  closeSync(written);
  child.once("exit", () => dismissGuard(child));
  if (await untilReady(launch, () => hasEnded(child))) return child;
  const how = hasEnded(child) ? "ended" : "did not become ready";
  await killed(child);
  throw new Error(`${command[1]} ${how}:\n${(await readFile(log, "utf8")).slice(-10_000)}`);
}

function dismissGuard({ stdio }: ChildProcess): void {
  const guard = stdio[3];
  if (!(guard instanceof Writable)) return;
  guard.on("error", () => undefined);
  guard.end("\n");
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

async function killed(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}
