import {
  ConfigurationError,
  type Environment,
  logSettingsOf,
  logVariables,
  readConfiguration,
} from "@loopgate/settings";
import {
  gatewaySettingsOf,
  gatewayVariables,
  onlyLoopbackIsOpen,
  retentionOutlastsQuestions,
  timeoutsAreOrdered,
} from "@loopgate/gateway";
import {
  webhookHasSecret,
  webhookIsHttps,
  webhookOf,
  webhookSecrets,
  webhookVariables,
} from "@loopgate/notifier";
import {
  botOf,
  groupNamesResponders,
  outageNoteMsOf,
  type TelegramRecipients,
  telegramRecipientsOf,
  telegramSecrets,
  telegramVariables,
} from "@loopgate/settings/telegram";
import { inboxVariables } from "@loopgate/inbox";
import { OWNER, webVariables } from "@loopgate/settings/web";
import { z } from "zod";
import { isTokenFileRegular } from "./environment.ts";

/**
 * What people may do in the browser inbox: nothing (`off`), read (`show`), or read and answer (`answer`). A program that
 * runs as the same user can sign in there as the owner, and approve for itself; it can't on a phone.
 */
const InboxMode = z.enum(["off", "show", "answer"], "must be off, show or answer");

/** The environment variables of the embedded topology (docs/configuration.md). */
const Variables = z
  .object({
    ...telegramVariables,
    ...logVariables,
    ...gatewayVariables,
    LOOPGATE_DATA_DIR: z.string().optional(),
    ...webhookVariables,
    ...inboxVariables,
    ...webVariables,
    LOOPGATE_INBOX: InboxMode.optional(),
    LOOPGATE_DAEMON_IDLE_SECONDS: z.coerce
      .number("must be a whole number of seconds")
      .int("must be a whole number of seconds")
      .min(1)
      .default(600),
  })
  .refine(...groupNamesResponders)
  .refine(...webhookHasSecret)
  .refine(...webhookIsHttps)
  .refine(...timeoutsAreOrdered)
  .refine(...retentionOutlastsQuestions)
  .refine(...onlyLoopbackIsOpen);

/**
 * Reads the settings of the embedded gateway.
 * @throws ConfigurationError with every problem at once.
 */
export async function readSettings(environment: Environment) {
  if (!isTokenFileRegular(environment)) throw new ConfigurationError([TOKEN_FILE_PROBLEM]);
  const read = await readConfiguration(Variables, environment, [...telegramSecrets, ...webhookSecrets]);
  const token = read.TELEGRAM_BOT_TOKEN;
  return {
    telegram: token === undefined ? undefined : botOf(token, read, environment),
    webhook: webhookOf(read, environment),
    outageNoteMs: outageNoteMsOf(read),
    policy: telegramRecipientsOf(read),
    ...logSettingsOf(read),
    ...servedBy(read),
    inbox: inboxOf(read),
    idleMs: read.LOOPGATE_DAEMON_IDLE_SECONDS * 1_000,
  };
}

/** Browsers send the host of the inbox's public address. */
function servedBy(read: z.infer<typeof Variables>) {
  const { listen, gateway } = gatewaySettingsOf(read);
  const url = read.LOOPGATE_PUBLIC_URL;
  const hosts = url === undefined ? [] : [new URL(url).hostname];
  return { listen, gateway: { ...gateway, allowedHosts: [...gateway.allowedHosts, ...hosts] } };
}

/** Without a bot, the inbox is where questions are answered. */
function inboxOf(read: z.infer<typeof Variables>) {
  const mode = read.LOOPGATE_INBOX ?? (read.TELEGRAM_BOT_TOKEN === undefined ? "answer" : "show");
  const named = read.LOOPGATE_WEB_RESPONDERS;
  const responders = named.length > 0 ? named : [OWNER];
  return { mode, responders: mode === "answer" ? responders : [], publicUrl: read.LOOPGATE_PUBLIC_URL };
}

/** The processes of one data directory each find it by the token, and what was read of a pipe is gone. */
const TOKEN_FILE_PROBLEM =
  "TELEGRAM_BOT_TOKEN_FILE is not a regular file: several processes read it, so a pipe does not do";

export type Settings = Awaited<ReturnType<typeof readSettings>>;

const Recipients = z.object(telegramVariables).refine(...groupNamesResponders);

/**
 * Reads whom a stdio proxy asks, and who may answer, from the variables of its handshake.
 * @throws ConfigurationError with every problem at once.
 */
export async function readRecipients(
  variables: Environment,
  bot: string | undefined,
): Promise<TelegramRecipients> {
  return { ...telegramRecipientsOf(await readConfiguration(Recipients, variables)), bot };
}
