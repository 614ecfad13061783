export {
  addressOfPlace,
  botIdOf,
  isGroupChat,
  isServiceAccount,
  parseTelegramEndpoint,
  telegramEndpoint,
  telegramResponder,
  type TelegramEndpoint,
} from "./telegram-endpoint.ts";
export { telegramRecipientFormat } from "./session-recipient.ts";
export { telegramPolicy, type TelegramRecipients } from "./telegram-recipients.ts";
export {
  botOf,
  groupNamesResponders,
  outageNoteMsOf,
  readBotToken,
  requiredBot,
  telegramRecipientsOf,
  telegramSecrets,
  telegramVariables,
} from "./telegram-settings.ts";
