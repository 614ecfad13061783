import { healthVariables } from "@loopgate/runtime";
import {
  certificateHasKey,
  type Environment,
  logSettingsOf,
  logVariables,
  natsSecrets,
  natsSettingsOf,
  natsVariables,
  readConfiguration,
} from "@loopgate/settings";
import {
  botOf,
  groupNamesResponders,
  outageNoteMsOf,
  telegramPolicy,
  telegramRecipientsOf,
  requiredBot,
  telegramSecrets,
  telegramVariables,
} from "@loopgate/settings/telegram";
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
  .refine(...webhookIsHttps)
  .refine(...certificateHasKey);

/**
 * Reads the settings of the notifier as a service of its own. The bot is required: without it there is nothing to do.
 * @throws ConfigurationError with every problem at once.
 */
export async function readServiceSettings(environment: Environment) {
  const secrets = [...telegramSecrets, ...natsSecrets, ...webhookSecrets];
  const read = await readConfiguration(Variables, environment, secrets);
  const recipients = telegramRecipientsOf(read);
  return {
    telegram: botOf(read.TELEGRAM_BOT_TOKEN, read, environment),
    webhook: webhookOf(read, environment),
    outageNoteMs: outageNoteMsOf(read),
    policy: telegramPolicy(recipients),
    ...logSettingsOf(read),
    nats: {
      ...natsSettingsOf(read, environment),
      name: "notifier",
      use: natsPermissions({ name: "telegram", account: recipients.bot ?? "" }),
    },
    healthPort: read.HEALTH_PORT,
  };
}
