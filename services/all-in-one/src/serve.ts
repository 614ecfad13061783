import { type Environment, runService, version } from "@loopgate/runtime";
import { type Embedded, startEmbedded } from "./embedded.ts";
import { readSettings, type Settings } from "./settings.ts";

/** `npm start`: the embedded gateway in the foreground, until SIGINT or SIGTERM. */
export const serve = (environment: Environment): Promise<void> =>
  runService({
    name: "loopgate",
    settings: () => readSettings(environment),
    start: async ({ settings, logger, metrics, parts }) => {
      const started = await startEmbedded(settings, { environment, logger, metrics, parts });
      process.stdout.write(`${greeting(settings, started).join("\n")}\n`);
    },
  });

/** What a person needs to know after a start: the address, who is asked, and what is not configured. */
function greeting({ policy }: Settings, { address, bot, directory }: Embedded): readonly string[] {
  const lines = [`Loopgate ${version} is ready: ${address}/mcp`, `  data   ${directory}`];
  if (bot === undefined)
    return [...lines, "  asks   nobody yet: set TELEGRAM_BOT_TOKEN and TELEGRAM_CHAT_ID"];
  if (policy.defaultChat !== undefined)
    return [...lines, `  asks   Telegram chat ${policy.defaultChat} as @${bot}`];
  const registered =
    policy.allowedChats.length === 0
      ? "any chat that is registered"
      : "the registered chats that are allowed";
  return [...lines, `  asks   ${registered}, as @${bot}; for a default set TELEGRAM_CHAT_ID`];
}
