import type { Recipient, Session } from "@loopgate/contracts";
import type { RecipientPolicy, RecipientResult } from "@loopgate/domain";
import {
  addressOfPlace,
  isGroupChat,
  parseTelegramEndpoint,
  placeIn,
  telegramEndpoint,
  telegramResponder,
} from "./telegram-endpoint.ts";

/** Which chats the operator lets Loopgate ask, and who may answer in groups. Ids are decimal strings. */
export interface TelegramRecipients {
  /** The bot that asks. Absent without a bot token: Telegram then has no recipients. */
  readonly bot?: string | undefined;
  /** `TELEGRAM_CHAT_ID`: the recipient of sessions that name none. */
  readonly defaultChat?: string | undefined;
  /** The topic of `defaultChat` to ask in. */
  readonly defaultThread?: string | undefined;
  /** `TELEGRAM_RESPONDER_IDS`: the persons who may answer in a group whose registration names none. */
  readonly responders: readonly string[];
  /** `TELEGRAM_ALLOWED_CHATS`. If empty, and without `defaultChat`, every chat may be registered. */
  readonly allowedChats: readonly string[];
}

/** What these settings allow. Reads them at each call, so that a change takes effect at once. */
export const telegramPolicy = (settings: TelegramRecipients): RecipientPolicy => ({
  defaultRecipients: () => {
    if (settings.bot === undefined) return { kind: "no_account" };
    const { defaultChat: chat, defaultThread: thread } = settings;
    if (chat === undefined) return { kind: "no_default" };
    const result = recipientAt(settings, addressOfPlace({ chat, thread }), []);
    return result.kind === "recipient" ? { kind: "recipients", recipients: [result.recipient] } : result;
  },
  recipientAt: (address, responderIds) => recipientAt(settings, address, responderIds),
  allows: (endpoint) => allowedChatOf(settings, endpoint) !== undefined,
  mayAnswer: (endpoints, principal, session) => mayAnswer(settings, { endpoints, principal, session }),
  addressOf: (endpoint) => {
    const parsed = parseTelegramEndpoint(endpoint);
    return parsed === undefined ? endpoint : addressOfPlace(parsed);
  },
  get isOpen() {
    const { bot, defaultChat, allowedChats } = settings;
    return bot !== undefined && defaultChat === undefined && allowedChats.length === 0;
  },
  settingNames: {
    account: "TELEGRAM_BOT_TOKEN",
    defaultRecipient: "TELEGRAM_CHAT_ID",
    allowedRecipients: "TELEGRAM_ALLOWED_CHATS",
    responders: "TELEGRAM_RESPONDER_IDS",
  },
});

/**
 * In a private chat only its person may answer; in a group, the persons named by its registration, or else by the
 * settings. Membership of a chat grants nothing (I5).
 */
function recipientAt(
  settings: TelegramRecipients,
  address: string,
  responderIds: readonly string[],
): RecipientResult {
  if (settings.bot === undefined) return { kind: "no_account" };
  const place = placeIn(address);
  const { chat } = place;
  if (!isChatAllowed(settings, chat)) return { kind: "not_allowed" };
  const named = responderIds.length > 0 ? responderIds : settings.responders;
  const people = isGroupChat(chat) ? named : [chat];
  if (people.length === 0) return { kind: "no_responders" };
  const recipient: Recipient = {
    channel: "telegram",
    endpoint: telegramEndpoint({ bot: settings.bot, ...place }),
    responders: people.map(telegramResponder),
  };
  return { kind: "recipient", recipient };
}

function isChatAllowed({ defaultChat, allowedChats }: TelegramRecipients, chat: string): boolean {
  if (defaultChat === undefined && allowedChats.length === 0) return true;
  return chat === defaultChat || allowedChats.includes(chat);
}

/** The chat of an endpoint of this bot, if the operator allows it. */
function allowedChatOf(settings: TelegramRecipients, endpoint: string): string | undefined {
  const place = parseTelegramEndpoint(endpoint);
  if (place === undefined || place.bot !== settings.bot) return undefined;
  return isChatAllowed(settings, place.chat) ? place.chat : undefined;
}

interface Answering {
  /** All endpoints of one chat. A group that moved to another id has two, and permission for one of them is enough. */
  readonly endpoints: readonly string[];
  readonly principal: string;
  readonly session: Session | undefined;
}

function mayAnswer(settings: TelegramRecipients, { endpoints, principal, session }: Answering): boolean {
  const chat = endpoints.map((one) => allowedChatOf(settings, one)).find((one) => one !== undefined);
  if (chat === undefined) return false;
  if (!isGroupChat(chat)) return principal === telegramResponder(chat);
  const registered = session?.recipients.find(({ endpoint }) => endpoints.includes(endpoint));
  return (registered?.responders ?? settings.responders.map(telegramResponder)).includes(principal);
}
