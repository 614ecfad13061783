/** A chat of one Telegram bot, or a topic inside it. Ids are decimal strings: they exceed 32 bits. */
export interface TelegramEndpoint {
  readonly bot: string;
  readonly chat: string;
  readonly thread?: string;
}

/** `telegram_<bot>_<chat>[_<thread>]`: the recipient's name in events, subjects and keys. */
export const telegramEndpoint = ({ bot, chat, thread }: TelegramEndpoint): string =>
  ["telegram", bot, chat, ...(thread === undefined ? [] : [thread])].join("_");

/** Parses an endpoint. Undefined for an endpoint of another channel. */
export function parseTelegramEndpoint(endpoint: string): TelegramEndpoint | undefined {
  const match = /^telegram_(\d+)_(-?\d+)(?:_(\d+))?$/.exec(endpoint);
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  return { bot: match[1], chat: match[2], ...(match[3] === undefined ? {} : { thread: match[3] }) };
}

/** The topic that every forum has. Telegram accepts messages for it only without its id. */
const GENERAL_TOPIC = "1";

/** Reads an address as people write it: `<chat>`, or `<chat>/<topic>`. */
export function placeIn(address: string): { readonly chat: string; readonly thread?: string } {
  const [chat = "", thread] = address.split("/");
  return thread === undefined || thread === GENERAL_TOPIC ? { chat } : { chat, thread };
}

/** The address of a place. */
export const addressOfPlace = ({
  chat,
  thread,
}: {
  readonly chat: string;
  readonly thread?: string | undefined;
}): string => (thread === undefined ? chat : `${chat}/${thread}`);

/** True for groups, supergroups and channels: their ids are negative. */
export const isGroupChat = (chat: string): boolean => chat.startsWith("-");

/** A Telegram user as a responder: `telegram:<user id>`. */
export const telegramResponder = (userId: string | number): string => `telegram:${userId}`;

/** True for accounts that are no single person: anonymous admins, senders for channels, Telegram's own. */
export const isServiceAccount = (userId: string | number): boolean => serviceAccounts.has(String(userId));

const serviceAccounts: ReadonlySet<string> = new Set(["1087968824", "136817688", "777000"]);

/** The id of a bot: the part of its token before the colon. Undefined if the text is not a token. */
export const botIdOf = (botToken: string): string | undefined => /^(\d+):\S+$/.exec(botToken)?.[1];
