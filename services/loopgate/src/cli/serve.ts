import { runService, version } from "@loopgate/runtime";
import { type Environment } from "@loopgate/settings";
import { claimByHandOver } from "../daemon/acquire-directory.ts";
import { ClientListener } from "../daemon/client-listener.ts";
import { type Embedded, startEmbedded } from "../embedded.ts";
import { dataDirectoryOf } from "../stdio-proxy/environment.ts";
import { handshakeOf } from "../stdio-proxy/handshake.ts";
import { admissionOf } from "../daemon/admission.ts";
import { readSettings, type Settings } from "../settings.ts";

/** `npm start`: the embedded gateway in the foreground, until SIGINT or SIGTERM. Fronts are served, too. */
export const serve = (environment: Environment): Promise<void> =>
  runService({
    name: "loopgate",
    settings: () => readSettings(environment),
    start: async ({ settings, logger, metrics, parts }) => {
      const directory = dataDirectoryOf(environment);
      const own = handshakeOf(environment, "serve");
      parts.use(await claimByHandOver(directory, own));
      const around = { directory, isForeground: true, environment, logger, metrics, parts };
      const embedded = await startEmbedded(settings, around);
      const address = await embedded.gateway.listen(settings.listen);
      const listener = parts.use(ClientListener.open(directory));
      listener.receive(admissionOf({ ...embedded, own, logger, handOver: () => undefined }));
      process.stdout.write(`${greeting(settings, { ...embedded, address, directory }).join("\n")}\n`);
    },
  });

interface Started extends Embedded {
  readonly address: string;
  readonly directory: string;
}

/** What a person needs to know after a start: the address, who is asked, and what is not configured. */
function greeting({ policy }: Settings, { address, bot, directory }: Started): readonly string[] {
  const lines = [`Loopgate ${version} is ready: ${address}/mcp`, `  data   ${directory}`];
  if (bot === undefined)
    return [...lines, "  asks   nobody yet: set TELEGRAM_BOT_TOKEN and TELEGRAM_CHAT_ID"];
  if (policy.defaultChat !== undefined)
    return [...lines, `  asks   Telegram chat ${policy.defaultChat} as @${bot.username}`];
  const registered =
    policy.allowedChats.length === 0
      ? "any chat that is registered"
      : "the registered chats that are allowed";
  return [...lines, `  asks   ${registered}, as @${bot.username}; for a default set TELEGRAM_CHAT_ID`];
}
