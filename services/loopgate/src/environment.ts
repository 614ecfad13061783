import { isAbsolute, join, resolve } from "node:path";
import type { Environment } from "@loopgate/settings";

// An `import` of node:fs also loads its promises: 3 ms, and a hook runs before every call.
const { readFileSync, statSync } = process.getBuiltinModule("node:fs");
const { userInfo } = process.getBuiltinModule("node:os");

/** A variable's value; an empty variable counts as unset. */
export const valueOf = (environment: Environment, name: string): string | undefined =>
  environment[name]?.trim() || undefined;

/** The bot token, from its variable or its file. It is not validated here: the daemon reports what is wrong with it. */
export function tokenOf(environment: Environment): string | undefined {
  const file = valueOf(environment, "TELEGRAM_BOT_TOKEN_FILE");
  const token = valueOf(environment, "TELEGRAM_BOT_TOKEN");
  if (token !== undefined || file === undefined || !isTokenFileRegular(environment)) return token;
  try {
    return readFileSync(file, "utf8").trim() || undefined;
  } catch {
    return undefined;
  }
}

/** The same variables for a process that changes its working directory and reads the token's file again. */
export function withAbsoluteTokenFile(environment: Environment): Environment {
  const file = valueOf(environment, "TELEGRAM_BOT_TOKEN_FILE");
  return file === undefined ? environment : { ...environment, TELEGRAM_BOT_TOKEN_FILE: resolve(file) };
}

/** False for a pipe or a device in place of the token's file, which a synchronous read might never end to read. */
export function isTokenFileRegular(environment: Environment): boolean {
  const file = valueOf(environment, "TELEGRAM_BOT_TOKEN_FILE");
  const stats = file === undefined ? undefined : statSync(file, { throwIfNoEntry: false });
  return stats === undefined || stats.isFile() || stats.isDirectory();
}

/** The directory that holds all data of one bot: below `LOOPGATE_DATA_DIR`, or below the user's data directory. */
export function dataDirectoryOf(environment: Environment): string {
  const configured = valueOf(environment, "LOOPGATE_DATA_DIR");
  const bot = /^(\d+):\S+$/.exec(tokenOf(environment) ?? "")?.[1];
  return join(configured === undefined ? userDirectory(environment) : resolve(configured), bot ?? "no-bot");
}

/** Where Loopgate keeps a user's data by default (XDG base directories). */
export function userDirectory(environment: Environment): string {
  const data = valueOf(environment, "XDG_DATA_HOME");
  if (data !== undefined && isAbsolute(data)) return join(data, "loopgate");
  return join(homeOf(environment), ".local", "share", "loopgate");
}

/** The user's home directory. */
export function homeOf(environment: Environment): string {
  const home = valueOf(environment, "HOME");
  if (home !== undefined && isAbsolute(home)) return home;
  try {
    return userInfo().homedir;
  } catch {
    return "/";
  }
}

/** The longest wait of one call, in seconds: the gateway's limit for `wait_seconds`. */
export const maxWaitSecondsOf = (environment: Environment): number =>
  Number(valueOf(environment, "LOOPGATE_MAX_WAIT_SECONDS") ?? 50);

/** Where a user's configuration of Loopgate is by default (XDG base directories). */
export function userConfigDirectory(environment: Environment): string {
  const config = valueOf(environment, "XDG_CONFIG_HOME");
  if (config !== undefined && isAbsolute(config)) return join(config, "loopgate");
  return join(homeOf(environment), ".config", "loopgate");
}
