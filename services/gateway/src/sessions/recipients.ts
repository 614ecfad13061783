import { parseTelegramEndpoint, type Recipient } from "@loopgate/contracts";
import { isChatAllowed, recipientAt as chatRecipientAt, type RecipientPolicy } from "@loopgate/domain";

// Everything that the gateway asks of the configured channel. Only this file knows that the channel is Telegram.

/** The names of the channel's settings, for error messages. */
export const settingNames = {
  channel: "TELEGRAM_BOT_TOKEN",
  defaultRecipient: "TELEGRAM_CHAT_ID",
  allowedRecipients: "TELEGRAM_ALLOWED_CHATS",
  responders: "TELEGRAM_RESPONDER_IDS",
} as const;

export type RecipientResult =
  | { readonly kind: "recipient"; readonly recipient: Recipient }
  | { readonly kind: "no_channel" }
  | { readonly kind: "not_allowed" }
  | { readonly kind: "no_responders" };

export const hasChannel = ({ bot }: RecipientPolicy): boolean => bot !== undefined;

/** True if the settings name no recipients, so that every one is allowed. */
export const isOpen = ({ defaultChat, allowedChats }: RecipientPolicy): boolean =>
  defaultChat === undefined && allowedChats.length === 0;

/** The recipient of questions in sessions that are not registered. */
export function defaultRecipient(policy: RecipientPolicy): Recipient | undefined {
  const { defaultChat } = policy;
  const result = defaultChat === undefined ? undefined : recipientAt(policy, defaultChat, []);
  return result?.kind === "recipient" ? result.recipient : undefined;
}

/** The recipient at an address within the channel. `responderIds` matters only if several people read there. */
export function recipientAt(
  policy: RecipientPolicy,
  address: string,
  responderIds: readonly string[],
): RecipientResult {
  const result = chatRecipientAt(policy, address, responderIds);
  switch (result.kind) {
    case "no_bot":
      return { kind: "no_channel" };
    case "chat_not_allowed":
      return { kind: "not_allowed" };
    case "no_responders":
    case "recipient":
      return result;
  }
}

/** True if this endpoint belongs to the channel and the operator allows it. */
export function allows(policy: RecipientPolicy, endpoint: string): boolean {
  const place = parseTelegramEndpoint(endpoint);
  return place !== undefined && place.bot === policy.bot && isChatAllowed(policy, place.chat);
}

/** The address of an endpoint: the part that stays the same under another account of the channel. */
export const addressOf = (endpoint: string): string => parseTelegramEndpoint(endpoint)?.chat ?? endpoint;
