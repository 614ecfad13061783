import { inspectBot, webhookSecrets, webhookVariables } from "@loopgate/notifier";
import { type Environment, readConfiguration } from "@loopgate/settings";
import { botOf, telegramRecipientsOf, telegramSecrets, telegramVariables } from "@loopgate/settings/telegram";
import { z } from "zod";

const Variables = z.object({ ...telegramVariables, ...webhookVariables });

/** A call that takes longer is a failure of its own, in seconds: the look that waits for it has a little more. */
const CALL_SECONDS = 4;

/** What is configured of Telegram, whatever else is wrong; with a token, the bot to look at. */
export function readTelegram(environment: Environment) {
  const read = readConfiguration(Variables, environment, [...telegramSecrets, ...webhookSecrets]);
  const token = read.TELEGRAM_BOT_TOKEN;
  return {
    policy: telegramRecipientsOf(read),
    apiRoot: read.TELEGRAM_API_ROOT,
    webhookUrl: read.TELEGRAM_WEBHOOK_URL,
    bot: token === undefined ? undefined : inspectBot({ ...botOf(token, read), callSeconds: CALL_SECONDS }),
  };
}

export type TelegramSettings = ReturnType<typeof readTelegram>;
