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
import { StartRefused } from "@loopgate/runtime/start-refused";
import { type Environment, userDirectory } from "./front/environment.ts";

export interface DataDirectory extends Disposable {
  readonly database: string;
}

/** Raised with every change to the tables of the file that is not read by the version before. */
const FORMAT = "1";

/** Another process has this data directory or this bot: two would send every question twice. */
export class InUse extends StartRefused {
  override readonly name = "InUse";

  constructor(what: string, wayOut: string) {
    super(`another Loopgate runs ${what}: stop it, or give this one its own ${wayOut}`);
  }
}

/** Takes a data directory, if no other process has it; one that died has it no more. Directory 0700, files 0600. */
export function lockDirectory(path: string): Disposable | undefined {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    chmodSync(path, 0o700);
  } catch (cause) {
    throw new StartRefused(`${path} can't be used: set LOOPGATE_DATA_DIR to a directory of your own`, {
      cause,
    });
  }
  return takeLock(join(path, "lock.db"));
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
  const database = join(path, "loopgate.db");
  checkFormat(join(path, "format"), database, path);
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
  const lock = takeLock(join(directory, `bot-${bot}.lock.db`));
  if (lock === undefined) throw new InUse(`for bot ${bot}`, "bot");
  return lock;
}

/** A file of another format would be misread: the directory says which one it has, and only its own version opens it. */
function checkFormat(file: string, database: string, directory: string): void {
  if (!existsSync(database)) writeFileSync(file, FORMAT, { mode: 0o600 });
  const found = existsSync(file) ? readFileSync(file, "utf8") : "unknown";
  if (found === FORMAT) return;
  throw new StartRefused(
    `${directory} has format ${found}, this version needs ${FORMAT}: run the version that made it, or set another LOOPGATE_DATA_DIR`,
  );
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
    if (error instanceof Error && "errcode" in error && error.errcode === BUSY) return undefined;
    throw error;
  }
}

const BUSY = 5;
