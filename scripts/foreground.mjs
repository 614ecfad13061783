import { spawn } from "node:child_process";
import { once } from "node:events";

/** What asks a process to end. */
export const STOP_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * Runs a command in this process's place: it has the terminal, signals go on to it, and what ends it ends this process.
 * Resolves with its exit code.
 */
export async function runInForeground(command, args, options = {}) {
  const child = spawn(command, args, { stdio: "inherit", ...options });
  const passOn = (signal) => child.kill(signal);
  for (const signal of STOP_SIGNALS) process.on(signal, passOn);
  const [code, signal] = await once(child, "exit");
  for (const name of STOP_SIGNALS) process.off(name, passOn);
  if (signal !== null) process.kill(process.pid, signal);
  return code ?? 1;
}
