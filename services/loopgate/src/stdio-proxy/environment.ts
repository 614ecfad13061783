import { readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { isAbsolute, join, resolve } from "node:path";

/** The environment as a process has it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A variable's value; empty counts as absent. */
export const valueOf = (environment: Environment, name: string): string | undefined =>
  environment[name]?.trim() || undefined;

/** The bot token, given as it is or in a file. What is wrong with it, the daemon says. */
export function tokenOf(environment: Environment): string | undefined {
  const file = valueOf(environment, "TELEGRAM_BOT_TOKEN_FILE");
  const given = valueOf(environment, "TELEGRAM_BOT_TOKEN");
  if (given !== undefined || file === undefined) return given;
  try {
    return readFileSync(file, "utf8").trim() || undefined;
  } catch {
    return undefined;
  }
}

/** The directory that holds everything of one bot: below `LOOPGATE_DATA_DIR`, or per user. */
export function dataDirectoryOf(environment: Environment): string {
  const given = valueOf(environment, "LOOPGATE_DATA_DIR");
  const bot = /^(\d+):\S+$/.exec(tokenOf(environment) ?? "")?.[1];
  return join(given === undefined ? userDirectory(environment) : resolve(given), bot ?? "no-bot");
}

/** Where a user's Loopgate keeps its data by default (XDG). */
export function userDirectory(environment: Environment): string {
  const data = valueOf(environment, "XDG_DATA_HOME");
  if (data !== undefined && isAbsolute(data)) return join(data, "loopgate");
  return join(homeOf(environment), ".local", "share", "loopgate");
}

function homeOf(environment: Environment): string {
  const home = valueOf(environment, "HOME");
  if (home !== undefined && isAbsolute(home)) return home;
  try {
    return userInfo().homedir;
  } catch {
    return "/";
  }
}

/** The longest wait of a call, in seconds: what the gateway keeps `wait_seconds` within. */
export const maxWaitSecondsOf = (environment: Environment): number =>
  Number(valueOf(environment, "LOOPGATE_MAX_WAIT_SECONDS") ?? 50);
