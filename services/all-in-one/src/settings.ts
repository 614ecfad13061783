import {
  botOf,
  type Environment,
  groupNamesResponders,
  logSettingsOf,
  logVariables,
  readConfiguration,
  recipientPolicyOf,
  telegramSecrets,
  telegramVariables,
} from "@loopgate/runtime";
import {
  gatewaySettingsOf,
  gatewayVariables,
  onlyLoopbackIsOpen,
  retentionOutlastsQuestions,
  timeoutsAreOrdered,
} from "@loopgate/gateway";
import { z } from "zod";

/** The environment of the embedded topology (design 4.5). */
const Variables = z
  .object({
    ...telegramVariables,
    ...logVariables,
    ...gatewayVariables,
    LOOPGATE_DATA_DIR: z.string().optional(),
    TELEGRAM_WEBHOOK_URL: z.undefined("webhook mode is not built yet: unset it, Loopgate polls").optional(),
  })
  .refine(...groupNamesResponders)
  .refine(...timeoutsAreOrdered)
  .refine(...retentionOutlastsQuestions)
  .refine(...onlyLoopbackIsOpen);

/**
 * Reads the settings of the embedded gateway.
 * @throws ConfigurationError with every problem at once.
 */
export function readSettings(environment: Environment) {
  const read = readConfiguration(Variables, environment, telegramSecrets);
  const token = read.TELEGRAM_BOT_TOKEN;
  return {
    telegram: token === undefined ? undefined : botOf(token, read),
    policy: recipientPolicyOf(read),
    ...logSettingsOf(read),
    ...gatewaySettingsOf(read),
    dataDirectory: read.LOOPGATE_DATA_DIR,
  };
}

export type Settings = ReturnType<typeof readSettings>;
