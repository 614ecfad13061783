import { healthVariables } from "@loopgate/runtime";
import {
  botOf,
  type Environment,
  groupNamesResponders,
  logSettingsOf,
  logVariables,
  natsSecrets,
  natsSettingsOf,
  natsVariables,
  outageNoteMsOf,
  readConfiguration,
  recipientPolicyOf,
  requiredBot,
  telegramSecrets,
  telegramVariables,
} from "@loopgate/settings";
import { z } from "zod";
import { natsPermissions } from "./nats-permissions.ts";
import {
  webhookHasSecret,
  webhookIsHttps,
  webhookOf,
  webhookSecrets,
  webhookVariables,
} from "./channels/telegram/webhook-variables.ts";

const Variables = z
  .object({
    ...telegramVariables,
    ...logVariables,
    ...natsVariables,
    ...healthVariables,
    ...webhookVariables,
    ...requiredBot,
  })
  .refine(...groupNamesResponders)
  .refine(...webhookHasSecret)
  .refine(...webhookIsHttps);

/**
 * Reads the settings of a notifier of its own. Without a bot it would have nothing to do.
 * @throws ConfigurationError with every problem at once.
 */
export function readServiceSettings(environment: Environment) {
  const secrets = [...telegramSecrets, ...natsSecrets, ...webhookSecrets];
  const read = readConfiguration(Variables, environment, secrets);
  const policy = recipientPolicyOf(read);
  return {
    telegram: botOf(read.TELEGRAM_BOT_TOKEN, read),
    webhook: webhookOf(read),
    outageNoteMs: outageNoteMsOf(read),
    policy,
    ...logSettingsOf(read),
    nats: { ...natsSettingsOf(read), name: "notifier", use: natsPermissions(policy) },
    healthPort: read.HEALTH_PORT,
  };
}
