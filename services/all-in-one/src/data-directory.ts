import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type Environment, StartRefused } from "@loopgate/runtime";

export interface DataDirectory extends Disposable {
  readonly path: string;
  readonly database: string;
}

/** Raised with every change to the tables of the file that is not read by the version before. */
const FORMAT = "1";

/** Another process has this data directory or this bot: two would send every question twice. */
class DataDirectoryInUse extends StartRefused {
  override readonly name = "DataDirectoryInUse";
}

/**
 * Opens the directory that holds everything: below `given`, or per user by XDG, one subdirectory a bot. Directory 0700,
 * files 0600.
 * @throws DataDirectoryInUse while another process has it open, or serves this bot; a process that died does neither.
 */
export function openDataDirectory(
  given: string | undefined,
  bot: string | undefined,
  environment: Environment,
): DataDirectory {
  const path = join(given === undefined ? defaultDirectory(environment) : resolve(given), bot ?? "no-bot");
  mkdirSync(path, { recursive: true, mode: 0o700 });
  chmodSync(path, 0o700);
  using locks = new DisposableStack();
  locks.use(takeLock(join(path, "lock.db"), `on ${path}`, "or give this one its own LOOPGATE_DATA_DIR"));
  if (bot !== undefined) locks.use(lockBot(bot, environment));
  const database = join(path, "loopgate.db");
  checkFormat(join(path, "format"), database, path);
  const held = locks.move();
  return { path, database, [Symbol.dispose]: () => held.dispose() };
}

/**
 * One bot is served by one process of a user, whatever the data directories: two would take each other's answers away
 * from Telegram. The lock stands where the user's data stands by default; a user without a place to write has none.
 */
function lockBot(bot: string, environment: Environment): DatabaseSync | undefined {
  const directory = defaultDirectory(environment);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    accessSync(directory, constants.W_OK);
  } catch {
    return undefined;
  }
  return takeLock(join(directory, `bot-${bot}.lock.db`), `for bot ${bot}`, "or give this one its own bot");
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

function defaultDirectory({ XDG_DATA_HOME, HOME }: Environment): string {
  const data = XDG_DATA_HOME ?? join(HOME ?? homedir(), ".local", "share");
  return join(data, "loopgate");
}

/** An exclusive transaction on a small database: a lock that the end of the process frees, however it ends. */
function takeLock(file: string, what: string, wayOut: string): DatabaseSync {
  const lock = new DatabaseSync(file);
  try {
    chmodSync(file, 0o600);
    lock.exec("PRAGMA busy_timeout = 2000; BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock.close();
    throw new DataDirectoryInUse(`another Loopgate runs ${what}: stop it, ${wayOut}`, { cause: error });
  }
}
