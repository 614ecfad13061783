import { runService, version } from "@loopgate/runtime";
import type { Environment } from "@loopgate/settings";
import { addressOfPlace } from "@loopgate/settings/telegram";
import { OWNER } from "@loopgate/settings/web";
import { acquireFromDaemon } from "../daemon/acquire-directory.ts";
import { clientHandler } from "../daemon/client-handler.ts";
import { ClientListener } from "../daemon/client-listener.ts";
import { type Embedded, type EmbeddedInbox, startEmbedded } from "../embedded.ts";
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
      const embedded = await startEmbedded(options);
      const { bot, gateway, inbox, recipients, inboxPolicy, checks } = embedded;
      const address = await gateway.listen(settings.listen);
      inbox?.isServedAt(address);
      const listener = resources.use(ClientListener.open(directory));
      const handOver = () => undefined;
      const newLink = inbox && (() => inbox.newLink());
      listener.handle(
        clientHandler({ own, bot, gateway, recipients, inboxPolicy, newLink, checks, logger, handOver }),
      );
      const lines = [
        `Loopgate ${version} is ready: ${address}/mcp`,
        `  data   ${directory}`,
        `  asks   ${describeRecipients(settings, bot)}`,
        ...(inbox === undefined ? [] : [`  inbox  ${await describeInbox(inbox)}`]),
      ];
      process.stdout.write(`${lines.join("\n")}\n`);
    },
  });

/** The link is a secret: it goes to a person's terminal, and to no file or pipe that a program reads. */
async function describeInbox(inbox: EmbeddedInbox): Promise<string> {
  if (!process.stdout.isTTY) return "./loopgate open";
  return `${await inbox.newLink()}   once, within 10 minutes; later: ./loopgate open`;
}

/** Whom the gateway asks; if that is not configured, what to set. */
function describeRecipients({ policy, inbox }: Settings, bot: Embedded["bot"]): string {
  if (bot === undefined) {
    const { responders } = inbox;
    if (responders.length === 0) return "no one yet: set TELEGRAM_BOT_TOKEN and TELEGRAM_CHAT_ID";
    return `${responders.includes(OWNER) ? "you" : responders.join(", ")}, in the inbox`;
  }
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
