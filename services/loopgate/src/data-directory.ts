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
import type { Environment } from "@loopgate/settings";
import { userDirectory } from "./environment.ts";

export interface DataDirectory extends Disposable {
  readonly database: string;
}

/** Increased with each change to the database that the previous version can't read. */
const FORMAT = "1";

/** Another process serves this data directory or this bot: two processes would send each question twice. */
export class AlreadyServedError extends StartupError {
  override readonly name = "AlreadyServedError";

  /** @param setting what to change so that both can run */
  constructor(what: string, setting: string) {
    super(`another Loopgate process serves ${what}: stop it, or give this one its own ${setting}`);
  }
}

/**
 * Locks a data directory; undefined if another process holds the lock. The lock ends with the process. The directory gets
 * mode 0700, its files 0600.
 */
export const lockDirectory = (path: string): Disposable | undefined =>
  takeLock(lockIn(createDirectory(path)));

/** Locks the queue for a data directory: the holder is the next process that locks the directory. */
export const lockQueue = (path: string): Disposable | undefined =>
  takeLock(join(createDirectory(path), "next.lock.db"));

function createDirectory(path: string): string {
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
 * Opens a data directory, which this process has locked, for a bot.
 * @throws AlreadyServedError while another process of this user serves the bot.
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
 * A bot is served by one process of a user, also if their data directories differ: two processes would take each other's
 * updates from Telegram. The lock is in the user's default data directory; if that can't be written, there is no lock.
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
  if (lock === undefined) throw new AlreadyServedError(`bot ${bot}`, "bot");
  return lock;
}

/** Why this version must not open the database of a directory; undefined if it may. It would misread another format. */
export function formatProblem(path: string): string | undefined {
  if (!existsSync(databaseIn(path))) return undefined;
  const file = formatIn(path);
  const found = existsSync(file) ? readFileSync(file, "utf8") : "unknown";
  if (found === FORMAT) return undefined;
  return `${path} has format ${found}, and this version needs ${FORMAT}: run the version that created it, or set another LOOPGATE_DATA_DIR`;
}

export const databaseIn = (path: string): string => join(path, "loopgate.db");
const formatIn = (path: string): string => join(path, "format");
const lockIn = (path: string): string => join(path, "lock.db");

/** True while a process serves this data directory. */
export const isDirectoryServed = (path: string): boolean => isLocked(lockIn(path));

/** True while a process of this user serves the bot, from any data directory. */
export const isBotServed = (bot: string, environment: Environment): boolean =>
  isLocked(join(userDirectory(environment), botLock(bot)));

const botLock = (bot: string): string => `bot-${bot}.lock.db`;

/** True while another process holds the lock. Looking takes no lock; a file that can't be read counts as free. */
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

/** An exclusive transaction on an empty database: the operating system releases it when the process ends, however it ends. */
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

const SQLITE_BUSY = 5;

const isBusy = (error: unknown): boolean =>
  error instanceof Error && "errcode" in error && error.errcode === SQLITE_BUSY;
