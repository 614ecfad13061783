import { type Environment, logSettingsOf, logVariables, readConfiguration } from "@loopgate/settings";
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
import { z } from "zod";

/** The environment variables of the embedded topology (docs/configuration.md). */
const Variables = z
  .object({
    ...telegramVariables,
    ...logVariables,
    ...gatewayVariables,
    LOOPGATE_DATA_DIR: z.string().optional(),
    ...webhookVariables,
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
export function readSettings(environment: Environment) {
  const read = readConfiguration(Variables, environment, [...telegramSecrets, ...webhookSecrets]);
  const token = read.TELEGRAM_BOT_TOKEN;
  return {
    telegram: token === undefined ? undefined : botOf(token, read),
    webhook: webhookOf(read),
    outageNoteMs: outageNoteMsOf(read),
    policy: telegramRecipientsOf(read),
    ...logSettingsOf(read),
    ...gatewaySettingsOf(read),
    idleMs: read.LOOPGATE_DAEMON_IDLE_SECONDS * 1_000,
  };
}

export type Settings = ReturnType<typeof readSettings>;

const Recipients = z.object(telegramVariables).refine(...groupNamesResponders);

/**
 * Reads whom a stdio proxy asks, and who may answer, from the variables of its handshake.
 * @throws ConfigurationError with every problem at once.
 */
export function readRecipients(variables: Environment, bot: string | undefined): TelegramRecipients {
  return { ...telegramRecipientsOf(readConfiguration(Recipients, variables)), bot };
}
