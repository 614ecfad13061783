import { readdir, readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";

const A_MOMENT_MS = 2;

/**
 * Waits until a process that was sent SIGSTOP stands still: sending returns before that, and a thread that runs at this
 * moment may still answer somebody. Only Linux tells (proc(5), the `stat` of each task); elsewhere it waits for a moment.
 */
export async function standStill(pid: number): Promise<void> {
  while (!(await isStill(pid))) await pause(A_MOMENT_MS);
  await pause(A_MOMENT_MS);
}

async function isStill(pid: number): Promise<boolean> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const states = await Promise.all(threads.map((thread) => stateOf(`/proc/${pid}/task/${thread}/stat`)));
  return states.every((state) => state === "T" || state === undefined);
}

/** The letter after the name, which stands in brackets; undefined for a thread that ended meanwhile. */
async function stateOf(stat: string): Promise<string | undefined> {
  const line = await readFile(stat, "utf8").catch(() => "");
  return line.slice(line.lastIndexOf(")")).split(" ")[1];
}
