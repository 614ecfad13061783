import { execFile } from "node:child_process";
import {
  accessSync,
  constants,
  existsSync,
  readdirSync,
  statfsSync,
  statSync,
  type Stats,
  type StatsFs,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Environment } from "@loopgate/settings";
import { databaseIn, formatProblem, isDirectoryServed } from "../data-directory.ts";
import { dataDirectoryOf } from "../environment.ts";
import { type Check, type Finding, ok, problem, warning } from "./check.ts";

/** The directory that holds all data, and its database. */
export const checkDataDirectory = (environment: Environment): Check => {
  const path = dataDirectoryOf(environment);
  return {
    subject: "data directory",
    timeoutMessage: `${path} does not respond: set LOOPGATE_DATA_DIR to a directory on a local disk`,
    run: async () => {
      if (!existsSync(path)) return [missingDirectory(path)];
      const stats = statSync(path);
      if (!stats.isDirectory() || !isWritable(path)) return [unusable(path)];
      const database = await checkDatabase(path);
      const findings = [
        ...accessProblems(path, stats),
        ...freeSpace(path, statfsSync(path)),
        ...(database.level === "ok" ? [] : [database]),
      ];
      if (findings.length > 0) return findings;
      return [ok(`only you can access ${path}; ${database.message}`)];
    },
  };
};

function missingDirectory(path: string): Finding {
  let parent = dirname(path);
  while (!existsSync(parent)) parent = dirname(parent);
  const canBeCreated = statSync(parent).isDirectory() && isWritable(parent);
  return canBeCreated ? ok(`the first start creates ${path}`) : unusable(path);
}

const unusable = (path: string): Finding =>
  problem(`${path} can't be used: set LOOPGATE_DATA_DIR to a directory that you may write to`);

function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function accessProblems(path: string, { uid, mode }: Stats): readonly Finding[] {
  const user = process.getuid?.() ?? uid;
  if (uid !== user) {
    return [
      problem(
        `${path} belongs to user ${uid}, and you are ${user}: run as that user, or chown -R it to yours`,
      ),
    ];
  }
  const files = readdirSync(path).filter((name) =>
    isAccessible(statSync(join(path, name), { throwIfNoEntry: false })),
  );
  const accessible = [...(isAccessible({ mode }) ? [basename(path)] : []), ...files];
  if (accessible.length === 0) return [];
  return [
    problem(
      `other users can access ${accessible.join(", ")}, which may contain questions and answers: chmod 700 ${path}, and 600 its files`,
    ),
  ];
}

/** True if other users have any permission. */
const isAccessible = (stats: Pick<Stats, "mode"> | undefined): boolean => ((stats?.mode ?? 0) & 0o077) !== 0;

/** With less free space than this, a question may not fit, in bytes. */
const MIN_FREE_BYTES = 100_000_000;

/** With less than this, no question fits, in bytes. */
const FULL_BELOW_BYTES = 1_000_000;

/** A warning if the disk is nearly full, a problem if it is full. */
export function freeSpace(
  path: string,
  { bavail, bsize }: Pick<StatsFs, "bavail" | "bsize">,
): readonly Finding[] {
  const free = bavail * bsize;
  if (free >= MIN_FREE_BYTES) return [];
  const megabytes = Math.floor(free / 1e6);
  if (free < FULL_BELOW_BYTES) {
    return [
      problem(`the disk of ${path} is full (${megabytes} MB left): make room, or questions are refused`),
    ];
  }
  return [
    warning(`${path} has ${megabytes} MB left: free some space, because questions fail on a full disk`),
  ];
}

async function checkDatabase(path: string): Promise<Finding> {
  const file = databaseIn(path);
  const format = formatProblem(path);
  if (format !== undefined) return problem(format);
  if (!existsSync(file)) return ok("it is empty");
  // The process that has the database open notices damage itself.
  if (isDirectoryServed(path)) return ok("its database is in use");
  switch (await quickCheck(file)) {
    case "intact":
      return ok("its database is intact");
    case "too_large":
      return ok("its database is too large to be checked now");
    case "damaged":
      return problem(`${file} is damaged: replace it with a backup, or move it away and start without data`);
  }
}

const quickCheckScript = fileURLToPath(new URL("./quick-check.ts", import.meta.url));

/** Long enough for some hundred megabytes, in milliseconds. */
const QUICK_CHECK_TIMEOUT_MS = 4_000;

/** SQLite's check of a database that no process has open. It writes nothing. */
async function quickCheck(file: string): Promise<"intact" | "damaged" | "too_large"> {
  try {
    const options = { timeout: QUICK_CHECK_TIMEOUT_MS };
    const { stdout } = await promisify(execFile)(process.execPath, [quickCheckScript, file], options);
    return stdout === "ok" ? "intact" : "damaged";
  } catch (error) {
    const hasTimedOut = error instanceof Error && "killed" in error && error.killed === true;
    return hasTimedOut ? "too_large" : "damaged";
  }
}
