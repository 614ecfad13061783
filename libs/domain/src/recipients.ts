import {
  isGroupChat,
  parseTelegramEndpoint,
  type Recipient,
  type Session,
  telegramEndpoint,
  telegramResponder,
} from "@loopgate/contracts";

/** Which chats the operator lets Loopgate ask, and who may answer in groups. Ids are decimal strings. */
export interface RecipientPolicy {
  /** The bot that asks; absent without a bot token: then nobody can be asked. */
  readonly bot?: string | undefined;
  /** `TELEGRAM_CHAT_ID`: who is asked when a session names nobody. */
  readonly defaultChat?: string | undefined;
  /** `TELEGRAM_RESPONDER_IDS`: who may answer in a group that names nobody itself. */
  readonly responders: readonly string[];
  /** `TELEGRAM_ALLOWED_CHATS`; empty together with `defaultChat`: every chat may be registered. */
  readonly allowedChats: readonly string[];
}

export type RecipientResult =
  | { readonly kind: "recipient"; readonly recipient: Recipient }
  | { readonly kind: "no_bot" }
  | { readonly kind: "chat_not_allowed" }
  | { readonly kind: "no_responders" };

/**
 * A chat as a recipient. A private chat is answered by its person alone; a group by the people named for it, or else by
 * the operator's responders: membership of a chat grants nothing (I5).
 */
export function recipientAt(
  policy: RecipientPolicy,
  chat: string,
  responderIds: readonly string[] = [],
): RecipientResult {
  if (policy.bot === undefined) return { kind: "no_bot" };
  if (!isChatAllowed(policy, chat)) return { kind: "chat_not_allowed" };
  const named = responderIds.length > 0 ? responderIds : policy.responders;
  const people = isGroupChat(chat) ? named : [chat];
  if (people.length === 0) return { kind: "no_responders" };
  const endpoint = telegramEndpoint({ bot: policy.bot, chat });
  return {
    kind: "recipient",
    recipient: { channel: "telegram", endpoint, responders: people.map(telegramResponder) },
  };
}

/** True if the operator lets this chat be asked. */
export function isChatAllowed({ defaultChat, allowedChats }: RecipientPolicy, chat: string): boolean {
  if (defaultChat === undefined && allowedChats.length === 0) return true;
  return chat === defaultChat || allowedChats.includes(chat);
}

/**
 * True if this person may still answer at this place: the operator still allows the chat, and in a group still names
 * the person, by configuration or by the session's present registration. A place has several names (endpoints) after its
 * chat has moved to another id: permission under one of them holds under all.
 */
export function isStillAllowed(
  policy: RecipientPolicy,
  names: readonly string[],
  responder: string,
  session: Session | undefined,
): boolean {
  const place = names
    .map(parseTelegramEndpoint)
    .find((one) => one?.bot === policy.bot && one !== undefined && isChatAllowed(policy, one.chat));
  if (place === undefined) return false;
  if (!isGroupChat(place.chat)) return responder === telegramResponder(place.chat);
  const registered = session?.recipients.find(({ endpoint }) => names.includes(endpoint));
  return (registered?.responders ?? policy.responders.map(telegramResponder)).includes(responder);
}

/** Private chats bear their person's (positive) id; groups have negative ids. */
