import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const script = fileURLToPath(new URL("./quick-check.ts", import.meta.url));

/** Long enough for some hundred megabytes, in milliseconds. */
const PATIENCE_MS = 4_000;

/** Whether SQLite finds a file whole that no process has open; a large one may take too long. Nothing is written. */
export async function databaseState(file: string): Promise<"whole" | "damaged" | "too_large"> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [script, file], { timeout: PATIENCE_MS });
    return stdout === "ok" ? "whole" : "damaged";
  } catch (error) {
    const isCut = error instanceof Error && "killed" in error && error.killed === true;
    return isCut ? "too_large" : "damaged";
  }
}
