import { botIdOf } from "@loopgate/settings/telegram";
import type { Environment } from "@loopgate/settings";
import { isBotServed, isServed } from "../data-directory.ts";
import { dataDirectoryOf, tokenOf } from "../stdio-proxy/environment.ts";

/** Whether a process of this user serves the data directory, or the same bot from another one. */
export function whoServes(environment: Environment): "this_directory" | "another_directory" | "nobody" {
  if (isServed(dataDirectoryOf(environment))) return "this_directory";
  const token = tokenOf(environment);
  const bot = token === undefined ? undefined : botIdOf(token);
  return bot !== undefined && isBotServed(bot, environment) ? "another_directory" : "nobody";
}
