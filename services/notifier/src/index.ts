export { bucketsOf } from "./buckets.ts";
export {
  inspectBot,
  type BotInspection,
  type Seen,
  type SeenBot,
  type SeenWebhook,
} from "./channels/telegram/inspect-bot.ts";
export {
  connectTelegram,
  type TelegramChannel,
  type TelegramOptions,
} from "./channels/telegram/telegram-channel.ts";
export { startNotifier, type Notifier, type NotifierOptions } from "./notifier.ts";
export {
  webhookHasSecret,
  webhookIsHttps,
  webhookOf,
  webhookSecrets,
  webhookVariables,
} from "./channels/telegram/webhook-variables.ts";
