import { spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const start = fileURLToPath(new URL("../../../../scripts/start.mjs", import.meta.url));

/** Runs what follows in the background, its output at the end of a file that only its owner reads. */
const IN_BACKGROUND = 'umask 077; log=$1; shift; "$@" </dev/null >>"$log" 2>&1 &';

/**
 * Starts a daemon for this data directory. It has a session of its own, its parent ends at once, and it holds none of our
 * pipes: whoever kills us, our group or our tree does not reach it, and nobody waits for it.
 */
export function startDaemon(directory: string): void {
  const daemon = [process.execPath, start, "daemon", directory];
  const shell = ["-c", IN_BACKGROUND, "loopgate", join(directory, "daemon.log"), ...daemon];
  spawn("/bin/sh", shell, { detached: true, stdio: "ignore" })
    .on("error", () => undefined)
    .unref();
}
