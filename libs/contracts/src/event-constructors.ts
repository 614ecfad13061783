import { actionDigest } from "./action-digest.ts";
import type { Action } from "./action.ts";
import { type Envelope, timestamp } from "./envelope.ts";
import type {
  CreatedEvent,
  DeadLetterEvent,
  DecidedEvent,
  DeliveredEvent,
  DueEvent,
  Prompt,
  ReceivedEvent,
  Recipient,
  SeenEvent,
  UndeliveredEvent,
} from "./events.ts";
import { clientHash, creationTag, keyToken } from "./ids.ts";
import type { LogEntry } from "./log-entry.ts";
import type { RequestRef } from "./subjects.ts";

// The ids of events are built here and nowhere else. A broker compares ids over a whole stream, so each id contains the
// identity of its subject; the same fact gets the same id, so that a retry adds nothing.

/** What a new question says. */
export interface NewQuestion {
  readonly ref: RequestRef;
  readonly sessionId: string;
  readonly clientId: string;
  readonly keyId?: string | undefined;
  /** By {@link clientHash}. */
  readonly clientHash?: string | undefined;
  readonly prompt: Prompt;
  readonly recipients: readonly Recipient[];
  readonly timeoutSeconds: number;
  readonly metadata?: Record<string, unknown> | undefined;
  readonly action?: Action | undefined;
  readonly fingerprint: string;
  readonly traceparent?: string | undefined;
}

/** The question. Append this very event again after an unknown outcome: its id stays the same. */
export function createdEvent(question: NewQuestion, now: Date): CreatedEvent {
  const { ref, metadata, action } = question;
  return {
    ...envelope({ ...question, subject: ref.id, tenant: ref.tenant }, now),
    id: `${ref.id}.created.${now.getTime().toString(36)}`,
    type: "loopgate.request.created.v1",
    data: {
      session_id: question.sessionId,
      client_id: question.clientId,
      ...(question.keyId === undefined ? {} : { key_id: question.keyId }),
      ...(question.clientHash === undefined ? {} : { client_hash: question.clientHash }),
      prompt: question.prompt,
      recipients: [...question.recipients],
      policy: { required: 1 },
      ...(metadata === undefined ? {} : { metadata }),
      ...(action === undefined ? {} : { action, action_digest: actionDigest(action) }),
      expires_at: timestamp(now.getTime() + question.timeoutSeconds * 1_000),
      fingerprint: question.fingerprint,
    },
  };
}

/** A copy of the question was sent to an endpoint. */
export const deliveredEvent = (
  created: CreatedEvent,
  { endpoint, copy }: { readonly endpoint: string; readonly copy: string },
): DeliveredEvent => ({
  ...envelope(created),
  id: `${created.subject}.delivered.${endpoint}.${copy}.${tagOf(created)}`,
  type: "loopgate.request.delivered.v1",
  data: { endpoint, copy },
});

/** A recipient could not be reached; `reason` is one word of ours. */
export const undeliveredEvent = (
  created: CreatedEvent,
  { endpoint, reason }: { readonly endpoint: string; readonly reason: string },
): UndeliveredEvent => ({
  ...envelope(created),
  id: `${created.subject}.undelivered.${endpoint}.${tagOf(created)}`,
  type: "loopgate.request.undelivered.v1",
  data: { endpoint, reason },
});

/** A person opened the question. Every opening by the same person builds the same id. */
export const seenEvent = (created: CreatedEvent, data: SeenEvent["data"], now: Date): SeenEvent => ({
  ...envelope(created, now),
  id: `${created.subject}.seen.${keyToken(data.person)}.${tagOf(created)}`,
  type: "loopgate.request.seen.v1",
  data,
});

/** A decision. `key` identifies the attempt: a redelivery of the same attempt has the same. */
export const decidedEvent = (
  created: CreatedEvent,
  key: string,
  now: Date,
  data: DecidedEvent["data"],
): DecidedEvent => ({
  ...envelope(created, now),
  id: `${created.subject}.decided.${Date.parse(created.time).toString(36)}.${key}`,
  type: "loopgate.request.decided.v1",
  data,
});

/** What a timer of this request appends when it fires. */
export const dueEvent = (created: CreatedEvent, timer: string): DueEvent => ({
  ...envelope(created, new Date(created.data.expires_at)),
  id: `${created.subject}.due.${timer}.${tagOf(created)}`,
  type: "loopgate.timer.due.v1",
  data: { tag: tagOf(created) },
});

/** What a person sent through a channel. `id` is unique for the channel, the account and the update. */
export const receivedEvent = (
  { tenant, account, id }: { readonly tenant: string; readonly account: string; readonly id: string },
  update: ReceivedEvent["data"]["update"],
): ReceivedEvent => ({
  ...envelope({ subject: account, tenant }),
  id,
  type: "loopgate.channel.received.v1",
  data: { update },
});

/** An entry that a consumer gave up, with all that an operator needs to replay it. */
export const deadLetterEvent = (
  consumer: string,
  { seq, subject, event }: LogEntry,
  attempts: number,
  error: string,
): DeadLetterEvent => ({
  ...envelope(event),
  id: `${consumer}.${seq}`,
  type: "loopgate.dead_letter.v1",
  data: { consumer, subject, seq, error, attempts, event },
});

/** What a person sent and can't be stored. The letter names it, and holds nothing of what it says. */
export const unstorableEvent = (
  { consumer, subject }: { readonly consumer: string; readonly subject: string },
  { tenant, account, id }: { readonly tenant: string; readonly account: string; readonly id: string },
  about: { readonly kind: string; readonly size?: number | undefined; readonly error: string },
): DeadLetterEvent => {
  const context = envelope({ subject: account, tenant });
  const event = { ...context, id, type: "loopgate.channel.received.v1", data: {} };
  return {
    ...context,
    id: `${consumer}.${id}`,
    type: "loopgate.dead_letter.v1",
    data: { consumer, subject, seq: 0, attempts: 1, event, ...about },
  };
};

/** The request that an event belongs to. */
export const refOf = ({ tenant, subject }: Pick<Envelope, "tenant" | "subject">): RequestRef => ({
  tenant,
  id: subject,
});

/** The client that asked a question. Events of older versions tell clients apart by key and name alone. */
export const clientOf = ({ tenant, data }: Pick<CreatedEvent, "tenant" | "data">): string =>
  data.client_hash ?? clientHash({ tenant, caller: data.key_id ?? "", clientId: data.client_id });

/** {@link creationTag} of a question. */
export const tagOf = ({ subject, time }: Pick<CreatedEvent, "subject" | "time">): string =>
  creationTag(subject, time);

/** What an event is about, and the trace that it continues. */
interface Context extends Pick<Envelope, "subject" | "tenant"> {
  readonly traceparent?: string | undefined;
}

const envelope = ({ subject, tenant, traceparent }: Context, time = new Date()) => ({
  specversion: "1.0" as const,
  source: "loopgate",
  subject,
  tenant,
  time: timestamp(time),
  ...(traceparent === undefined ? {} : { traceparent }),
});
