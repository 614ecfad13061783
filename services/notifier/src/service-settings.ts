import {
  botOf,
  type Environment,
  groupNamesResponders,
  healthVariables,
  logSettingsOf,
  logVariables,
  natsSecrets,
  natsSettingsOf,
  natsVariables,
  readConfiguration,
  recipientPolicyOf,
  requiredBot,
  telegramSecrets,
  telegramVariables,
} from "@loopgate/runtime";
import { z } from "zod";

const Variables = z
  .object({
    ...telegramVariables,
    ...logVariables,
    ...natsVariables,
    ...healthVariables,
    ...requiredBot,
  })
  .refine(...groupNamesResponders);

/**
 * Reads the settings of a notifier of its own. Without a bot it would have nothing to do.
 * @throws ConfigurationError with every problem at once.
 */
export function readServiceSettings(environment: Environment) {
  const read = readConfiguration(Variables, environment, [...telegramSecrets, ...natsSecrets]);
  return {
    telegram: botOf(read.TELEGRAM_BOT_TOKEN, read),
    policy: recipientPolicyOf(read),
    ...logSettingsOf(read),
    nats: natsSettingsOf(read),
    healthPort: read.HEALTH_PORT,
  };
}
