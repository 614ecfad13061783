import { runService, version } from "@loopgate/runtime";
import type { Environment } from "@loopgate/settings";
import { addressOfPlace } from "@loopgate/settings/telegram";
import { acquireFromDaemon } from "../daemon/acquire-directory.ts";
import { clientHandler } from "../daemon/client-handler.ts";
import { ClientListener } from "../daemon/client-listener.ts";
import { type Embedded, startEmbedded } from "../embedded.ts";
import { dataDirectoryOf } from "../environment.ts";
import { readSettings, type Settings } from "../settings.ts";
import { handshakeOf } from "../stdio-proxy/handshake.ts";

/** `npm start`: the embedded gateway in the foreground, until SIGINT or SIGTERM. It serves stdio proxies, too. */
export const serve = (environment: Environment): Promise<void> =>
  runService({
    name: "loopgate",
    settings: () => readSettings(environment),
    start: async ({ settings, logger, metrics, parts: resources }) => {
      const directory = dataDirectoryOf(environment);
      const own = () => handshakeOf(environment, "serve");
      resources.use(await acquireFromDaemon(directory, own()));
      const options = { settings, directory, isForeground: true, environment, logger, metrics, resources };
      const { bot, gateway, recipients, checks } = await startEmbedded(options);
      const address = await gateway.listen(settings.listen);
      const listener = resources.use(ClientListener.open(directory));
      const handOver = () => undefined;
      listener.handle(clientHandler({ own, bot, gateway, recipients, checks, logger, handOver }));
      const lines = [
        `Loopgate ${version} is ready: ${address}/mcp`,
        `  data   ${directory}`,
        `  asks   ${describeRecipients(settings.policy, bot)}`,
      ];
      process.stdout.write(`${lines.join("\n")}\n`);
    },
  });

/** Whom the gateway asks; if that is not configured, what to set. */
function describeRecipients(policy: Settings["policy"], bot: Embedded["bot"]): string {
  if (bot === undefined) return "no one yet: set TELEGRAM_BOT_TOKEN and TELEGRAM_CHAT_ID";
  const { defaultChat: chat, defaultThread: thread } = policy;
  if (chat !== undefined) {
    const address = addressOfPlace({ chat, thread });
    return `Telegram chat ${address} as @${bot.username}`;
  }
  const registered =
    policy.allowedChats.length === 0
      ? "any chat that a session registers"
      : "the allowed chats that sessions register";
  return `${registered}, as @${bot.username}: set TELEGRAM_CHAT_ID for a default`;
}
