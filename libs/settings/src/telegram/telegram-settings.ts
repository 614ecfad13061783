import { botIdOf, isGroupChat, isServiceAccount, placeIn } from "./telegram-endpoint.ts";
import { telegramProxy } from "./telegram-proxy.ts";
import type { TelegramRecipients } from "./telegram-recipients.ts";
import { z } from "zod";
import {
  type Environment,
  listSetting,
  readSecretFile,
  secretFileOf,
  type SecretRead,
} from "../configuration.ts";
import { settingRule } from "../rule.ts";

const personId = z
  .string()
  .regex(/^\d{1,20}$/, "must be the numeric Telegram id of a person")
  .refine(
    (id) => !isServiceAccount(id),
    "is an account of Telegram through which many people speak: use the ids of persons",
  );
const chatId = z
  .string()
  .regex(/^-?\d{1,20}$/, "must be a numeric Telegram id (the id of a group is negative)");
const place = z
  .string()
  .regex(
    /^-?\d{1,20}(?:\/\d{1,10})?$/,
    "must be a numeric Telegram id (the id of a group is negative), and may end with the id of a topic: -1001234/45",
  );

const botToken = z
  .string("is missing: create a bot with @BotFather to get one")
  .regex(/^\d+:\S+$/, "has not the shape <digits>:<letters>: copy it again from @BotFather");

/** The bot, and who may be asked and may answer (docs/configuration.md). */
export const telegramVariables = {
  TELEGRAM_BOT_TOKEN: botToken.optional(),
  TELEGRAM_CHAT_ID: place.optional(),
  TELEGRAM_RESPONDER_IDS: listSetting.pipe(z.array(personId)),
  TELEGRAM_ALLOWED_CHATS: listSetting.pipe(z.array(chatId)),
  TELEGRAM_API_ROOT: z.url("must be an http(s) URL").optional(),
  LOOPGATE_OUTAGE_NOTE_SECONDS: z.coerce
    .number("must be a whole number of seconds")
    .int("must be a whole number of seconds")
    .min(1)
    .default(120),
};

type TelegramRead = z.infer<z.ZodObject<typeof telegramVariables>>;

export const telegramSecrets = ["TELEGRAM_BOT_TOKEN"] as const;

/** Group membership does not authorize an answer. Without responders, no answer in the group would be accepted. */
export const groupNamesResponders = settingRule<TelegramRead>(
  "TELEGRAM_CHAT_ID",
  "is a group: name who may answer there in TELEGRAM_RESPONDER_IDS",
  ({ TELEGRAM_CHAT_ID: chat, TELEGRAM_RESPONDER_IDS: people }) =>
    !(chat !== undefined && isGroupChat(chat) && people?.length === 0),
);

/** For a service that requires the bot. */
export const requiredBot = { TELEGRAM_BOT_TOKEN: botToken };

/** Who may be asked and who may answer, by which bot. */
export const telegramRecipientsOf = (read: TelegramRead): TelegramRecipients => ({
  bot: read.TELEGRAM_BOT_TOKEN === undefined ? undefined : botIdOf(read.TELEGRAM_BOT_TOKEN),
  ...defaultPlaceOf(read),
  responders: read.TELEGRAM_RESPONDER_IDS,
  allowedChats: read.TELEGRAM_ALLOWED_CHATS,
});

function defaultPlaceOf({ TELEGRAM_CHAT_ID: address }: TelegramRead) {
  if (address === undefined) return {};
  const { chat, thread } = placeIn(address);
  return { defaultChat: chat, ...(thread === undefined ? {} : { defaultThread: thread }) };
}

/** How long the bot may be out of contact before its chats are told about open questions, in milliseconds. */
export const outageNoteMsOf = ({ LOOPGATE_OUTAGE_NOTE_SECONDS: seconds }: TelegramRead) => seconds * 1_000;

/** The token in its file, which may have changed since the start. */
export const readBotToken = (file: string): Promise<SecretRead> => readSecretFile(file, botToken);

/**
 * How the bot reaches Telegram.
 * @param environment where `read` comes from: the token's file is read again while the process runs
 * @throws ConfigurationError if the environment names a proxy that can't be used.
 */
export const botOf = (
  token: string,
  { TELEGRAM_API_ROOT: apiRoot }: TelegramRead,
  environment: Environment,
) => ({
  token,
  tokenFile: secretFileOf("TELEGRAM_BOT_TOKEN", environment),
  apiRoot: apiRoot?.replace(/\/+$/, ""),
  proxy: telegramProxy(apiRoot),
});
