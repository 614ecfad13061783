import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { StartupError } from "@loopgate/bus/startup-error";
import { type Environment, userDirectory } from "./stdio-proxy/environment.ts";

export interface DataDirectory extends Disposable {
  readonly database: string;
}

/** Raised with every change to the tables of the file that is not read by the version before. */
const FORMAT = "1";

/** Another process has this data directory or this bot: two would send every question twice. */
export class InUse extends StartupError {
  override readonly name = "InUse";

  constructor(what: string, wayOut: string) {
    super(`another Loopgate runs ${what}: stop it, or give this one its own ${wayOut}`);
  }
}

/** Takes a data directory, if no other process has it; one that died has it no more. Directory 0700, files 0600. */
export const lockDirectory = (path: string): Disposable | undefined => takeLock(lockIn(ownDirectory(path)));

/**
 * Takes the turn to be the next that has a data directory, if no other process has it: who waits for the directory with it
 * is followed by nobody else.
 */
export const lockTurn = (path: string): Disposable | undefined =>
  takeLock(join(ownDirectory(path), "next.lock.db"));

function ownDirectory(path: string): string {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    chmodSync(path, 0o700);
    return path;
  } catch (cause) {
    throw new StartupError(`${path} can't be used: set LOOPGATE_DATA_DIR to a directory of your own`, {
      cause,
    });
  }
}

/**
 * Opens a data directory that this process has taken, for a bot.
 * @throws InUse while another process of this user serves the bot.
 */
export function openDataDirectory(
  path: string,
  bot: string | undefined,
  environment: Environment,
): DataDirectory {
  const database = databaseIn(path);
  if (!existsSync(database)) writeFileSync(formatIn(path), FORMAT, { mode: 0o600 });
  const problem = formatProblem(path);
  if (problem !== undefined) throw new StartupError(problem);
  const lock = bot === undefined ? undefined : lockBot(bot, environment);
  return { database, [Symbol.dispose]: () => lock?.[Symbol.dispose]() };
}

/**
 * One bot is served by one process of a user, whatever the data directories: two would take each other's answers away
 * from Telegram. The lock stands where the user's data stands by default; a user without a place to write has none.
 */
function lockBot(bot: string, environment: Environment): Disposable | undefined {
  const directory = userDirectory(environment);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    accessSync(directory, constants.W_OK);
  } catch {
    return undefined;
  }
  const lock = takeLock(join(directory, botLock(bot)));
  if (lock === undefined) throw new InUse(`for bot ${bot}`, "bot");
  return lock;
}

/** Why this version must not open what stands in a directory: a file of another format would be misread. */
export function formatProblem(path: string): string | undefined {
  if (!existsSync(databaseIn(path))) return undefined;
  const file = formatIn(path);
  const found = existsSync(file) ? readFileSync(file, "utf8") : "unknown";
  if (found === FORMAT) return undefined;
  return `${path} has format ${found}, this version needs ${FORMAT}: run the version that made it, or set another LOOPGATE_DATA_DIR`;
}

export const databaseIn = (path: string): string => join(path, "loopgate.db");
const formatIn = (path: string): string => join(path, "format");
const lockIn = (path: string): string => join(path, "lock.db");

/** True while a process has this data directory. */
export const isServed = (path: string): boolean => isLocked(lockIn(path));

/** True while a process of this user serves the bot, from whatever data directory. */
export const isBotServed = (bot: string, environment: Environment): boolean =>
  isLocked(join(userDirectory(environment), botLock(bot)));

const botLock = (bot: string): string => `bot-${bot}.lock.db`;

/** True while another process has the lock. To look takes nothing from anybody; what can't be read is not ours. */
function isLocked(file: string): boolean {
  if (!existsSync(file)) return false;
  try {
    using lock = new DatabaseSync(file, { readOnly: true });
    lock.exec("PRAGMA schema_version");
    return false;
  } catch (error) {
    return isBusy(error);
  }
}

/** An exclusive transaction on a small database: a lock that the end of the process frees, however it ends. */
function takeLock(file: string): Disposable | undefined {
  const lock = new DatabaseSync(file);
  try {
    chmodSync(file, 0o600);
    lock.exec("BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock.close();
    if (isBusy(error)) return undefined;
    throw error;
  }
}

const BUSY = 5;

const isBusy = (error: unknown): boolean =>
  error instanceof Error && "errcode" in error && error.errcode === BUSY;
