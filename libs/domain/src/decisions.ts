import {
  type Answer,
  type CreatedEvent,
  type DecidedBy,
  type DecidedEvent,
  decidedEvent,
  type Recipient,
} from "@loopgate/contracts";
import { createdOf, type RequestSet } from "./request-set.ts";

/** A person's attempt to answer, as the channel proved it. */
export interface Attempt {
  /** Identity of this attempt: a redelivery of the same press carries the same key. */
  readonly key: string;
  /** The recipient's endpoint, as the question names it. */
  readonly endpoint: string;
  /** The principal by which the person answers. */
  readonly responder: string;
  readonly name: string;
  readonly channel: string;
  /** Who it is, for a person who may hold several principals. */
  readonly person?: string | undefined;
  /** How this person had signed in. */
  readonly auth?: string | undefined;
  readonly choice:
    | { readonly option: number }
    /** `isTruncated`: the text may go on in a message that could not be joined. */
    | { readonly text: string; readonly isTruncated?: boolean | undefined };
  /** What the person says beside an option; it decides nothing. Blank counts as none. */
  readonly comment?: string | undefined;
  /** When the log stored the message, by the log's clock. */
  readonly storedAt: string;
}

export type AttemptResult =
  | { readonly kind: "decide"; readonly event: DecidedEvent }
  /** Stored at or after `expires_at`: only `decided{expired}` may still be appended. */
  | { readonly kind: "too_late" }
  | { readonly kind: "rejected"; readonly reason: Rejection };

export type Rejection =
  | "closed"
  | "not_a_recipient"
  | "not_a_responder"
  | "unsupported_policy"
  | "unknown_option"
  | "buttons_only"
  | "text_only"
  | "empty";

/**
 * Decides what an attempt amounts to. Only a responder whom the recipient names may answer (I5). Whether a decision exists
 * already is for the log to say, by compare-and-set, not for this function.
 */
export function decideAnswer(set: RequestSet, attempt: Attempt, now: Date): AttemptResult {
  const created = createdOf(set)?.event;
  if (created === undefined) return rejected("closed");
  if (created.data.policy.required > 1) return rejected("unsupported_policy");
  const recipient = recipientsOf(set).find(({ endpoint }) => endpoint === attempt.endpoint);
  if (recipient === undefined) return rejected("not_a_recipient");
  if (!recipient.responders.includes(attempt.responder)) return rejected("not_a_responder");
  const answer = answerOf(created, attempt);
  if (typeof answer === "string") return rejected(answer);
  if (hasEnded(created, new Date(attempt.storedAt))) return { kind: "too_late" };
  const data = { kind: "answered", answer, by: answeredBy(attempt) } as const;
  return { kind: "decide", event: decidedEvent(created, attempt.key, now, data) };
}

const answeredBy = ({ responder, name, channel, person, auth }: Attempt) =>
  ({
    type: "human",
    id: responder,
    name,
    channel,
    ...(person === undefined ? {} : { person }),
    ...(auth === undefined ? {} : { auth }),
  }) as const;

const rejected = (reason: Rejection) => ({ kind: "rejected", reason }) as const;

function answerOf({ data }: CreatedEvent, { choice, comment = "" }: Attempt): Answer | Rejection {
  if ("option" in choice) {
    const option = data.prompt.options[choice.option];
    if (option === undefined) return data.prompt.options.length === 0 ? "text_only" : "unknown_option";
    const answer = {
      type: "option",
      value: option.value,
      label: option.label,
      effect: option.effect,
    } as const;
    return comment.trim() === "" ? answer : { ...answer, comment };
  }
  if (data.prompt.options.length > 0) return "buttons_only";
  if (choice.text.trim() === "") return "empty";
  const answer = { type: "text", text: choice.text } as const;
  return choice.isTruncated === true ? { ...answer, truncated: true } : answer;
}

/** Whom a request asks. */
export const recipientsOf = (set: RequestSet): readonly Recipient[] =>
  createdOf(set)?.event.data.recipients ?? [];

/** True from `expires_at` on. */
export const hasEnded = ({ data }: CreatedEvent, now: Date): boolean =>
  now.getTime() >= Date.parse(data.expires_at);

/** After the end, an answer that was stored before it may still be on its way (docs/invariants.md#deadlines). */
const AFTER_END_MS = 1_000;

/** When the expiry timer fires. From then on, a person whose answer came too late is told the outcome. */
export const expiryDueAt = ({ data }: CreatedEvent): Date =>
  new Date(Date.parse(data.expires_at) + AFTER_END_MS);

/** The decision at the end of an unanswered request. Every process that notices the end builds the same id. */
export const expiry = (created: CreatedEvent, now: Date): DecidedEvent =>
  decidedEvent(created, "expired", now, { kind: "expired", by: { type: "timeout" } });

/** The decision of a requester that withdraws the question. */
export const cancellation = (created: CreatedEvent, key: string, now: Date, reason?: string): DecidedEvent =>
  decidedEvent(created, key, now, {
    kind: "cancelled",
    by: { type: "requester" },
    ...(reason === undefined ? {} : { reason }),
  });

/** Several persons may answer by one principal, such as a group. */
const isSamePerson = (one: DecidedBy, other: DecidedBy): boolean =>
  one.person === undefined || other.person === undefined ? one.id === other.id : one.person === other.person;

/** True if the same person gave the same answer again. A comment that was not recorded makes it another one. */
export function isSameAnswer(again: DecidedEvent, recorded: DecidedEvent): boolean {
  if (again.data.kind !== "answered" || recorded.data.kind !== "answered") return false;
  const [a, b] = [again.data.answer, recorded.data.answer];
  if (!isSamePerson(again.data.by, recorded.data.by) || a.type !== b.type) return false;
  if (a.type === "text") return b.type === "text" && a.text === b.text;
  const isCommentKept = a.comment === undefined || (b.type === "option" && a.comment === b.comment);
  return b.type === "option" && a.value === b.value && isCommentKept;
}
