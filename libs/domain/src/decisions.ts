import {
  type Answer,
  type CreatedEvent,
  type DecidedEvent,
  timestamp,
  envelopeIn,
} from "@loopgate/contracts";

/** A person's attempt to answer, as the channel proved it. */
export interface Attempt {
  /** Identity of this attempt: a redelivery of the same press carries the same. */
  readonly key: string;
  readonly endpoint: string;
  /** `telegram:<user id>`, from the channel's own sender field. */
  readonly responder: string;
  readonly name: string;
  readonly channel: string;
  readonly choice: { readonly option: number } | { readonly text: string };
  /** When the log stored the message, by the log's clock. */
  readonly storedAt: string;
}

export type AttemptResult =
  | { readonly kind: "decide"; readonly event: DecidedEvent }
  /** Stored after `expires_at`: only `decided{expired}` may still be appended. */
  | { readonly kind: "too_late"; readonly event: DecidedEvent }
  | { readonly kind: "refused"; readonly reason: Refusal };

export type Refusal =
  | "not_a_recipient"
  | "not_a_responder"
  | "unknown_option"
  | "buttons_only"
  | "text_only"
  | "empty";

/**
 * What an attempt amounts to. Authority is the sender's id among the request's responders at that recipient (I5);
 * whether a decision already stands is the log's to say, not this function's.
 */
export function decideAnswer(created: CreatedEvent, attempt: Attempt, now: Date): AttemptResult {
  const recipient = created.data.recipients.find(({ endpoint }) => endpoint === attempt.endpoint);
  if (recipient === undefined) return { kind: "refused", reason: "not_a_recipient" };
  if (!recipient.responders.includes(attempt.responder))
    return { kind: "refused", reason: "not_a_responder" };
  const answer = answerOf(created, attempt.choice);
  if (typeof answer === "string") return { kind: "refused", reason: answer };
  if (attempt.storedAt >= created.data.expires_at) return { kind: "too_late", event: expiry(created, now) };
  const by = { type: "human", id: attempt.responder, name: attempt.name, channel: attempt.channel } as const;
  return { kind: "decide", event: decided(created, attempt.key, now, { kind: "answered", answer, by }) };
}

function answerOf({ data }: CreatedEvent, choice: Attempt["choice"]): Answer | Refusal {
  if ("option" in choice) {
    const option = data.prompt.options[choice.option];
    if (option === undefined) return data.prompt.options.length === 0 ? "text_only" : "unknown_option";
    return { type: "option", value: option.value, label: option.label, effect: option.effect };
  }
  if (data.prompt.options.length > 0) return "buttons_only";
  return choice.text.trim() === "" ? "empty" : { type: "text", text: choice.text };
}

/** Until then an answer that was stored before the end may still be on its way (design 3.1). */
const AFTER_END_MS = 1_000;

/** When silence decides: the timer fires then, and whoever answers late waits until then. */
export const expiryDueAt = ({ data }: CreatedEvent): Date =>
  new Date(Date.parse(data.expires_at) + AFTER_END_MS);

/** The decision that silence makes. Its id is the same whoever notices the end, so that all of them agree. */
export const expiry = (created: CreatedEvent, now: Date): DecidedEvent =>
  decided(created, "expired", now, { kind: "expired", by: { type: "timeout" } });

/** The decision that a requester makes by withdrawing the question. */
export const cancellation = (created: CreatedEvent, key: string, now: Date, reason?: string): DecidedEvent =>
  decided(created, key, now, {
    kind: "cancelled",
    by: { type: "requester" },
    ...(reason === undefined ? {} : { reason }),
  });

function decided(created: CreatedEvent, key: string, now: Date, data: DecidedEvent["data"]): DecidedEvent {
  const { subject, time } = created;
  return {
    ...envelopeIn(created),
    id: `${subject}.decided.${Date.parse(time).toString(36)}.${key}`,
    type: "loopgate.request.decided.v1",
    time: timestamp(now),
    data,
  };
}
