import { createHash } from "node:crypto";
import {
  DEFAULT_TENANT,
  envelopeIn,
  parseTelegramEndpoint,
  receivedSubject,
  type ReceivedEvent,
  timestamp,
} from "@loopgate/contracts";
import type { EventLog } from "@loopgate/bus";

/** What Telegram is asked to deliver; the rest it may throw away. */
export const ALLOWED_UPDATES = ["message", "callback_query", "my_chat_member"] as const;

export interface IntakeParts {
  readonly bot: string;
  readonly log: EventLog;
}

/** Stores an update; to store it again adds nothing. Only then may Telegram hear that it came. */
export const storeUpdate = (parts: IntakeParts, update: { readonly update_id: number }): Promise<void> =>
  store(parts, String(update.update_id), { ...update });

/** Stores what came in an update's place and can't be read: inbound sets it aside for an operator. */
export function storeUnreadable(parts: IntakeParts, text: string): Promise<void> {
  const identity = createHash("sha256").update(text).digest("base64url");
  return store(parts, `unreadable-${identity}`, { unreadable: text });
}

/** Stores what a refusal told of a group's move as the message by which Telegram tells it, too: that one may be lost. */
export async function storeMove(log: EventLog, from: string, to: string): Promise<void> {
  const place = parseTelegramEndpoint(from);
  if (place === undefined) return;
  const { bot, chat } = place;
  const message = {
    message_id: 0,
    chat: { id: Number(chat), type: "group" },
    migrate_to_chat_id: Number(to),
  };
  await store({ bot, log }, `moved-${chat}-${to}`, { update_id: 0, message });
}

async function store(
  { bot, log }: IntakeParts,
  identity: string,
  update: ReceivedEvent["data"]["update"],
): Promise<void> {
  const event: ReceivedEvent = {
    ...envelopeIn({ subject: bot, tenant: DEFAULT_TENANT }),
    id: `tg-${bot}-${identity}`,
    type: "loopgate.channel.received.v1",
    time: timestamp(),
    data: { update },
  };
  await log.append(receivedSubject(DEFAULT_TENANT, "telegram", bot), event);
}
