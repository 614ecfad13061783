import {
  type Action,
  type Answer,
  type CreatedEvent,
  createdEvent,
  type DecidedEvent,
  decidedEvent,
  DEFAULT_TENANT,
  type DeliveredEvent,
  deliveredEvent,
  eventKey,
  newRequestId,
  type Option,
  type ParsedEntry,
  parsedEntry,
  type Recipient,
  refOf,
  type RequestEvent,
  requestSubject,
  type RequestType,
  seenEvent,
  type SeenEvent,
  type UndeliveredEvent,
  undeliveredEvent,
} from "@loopgate/contracts";

/** The chat of one person, who may answer there. */
export const oneRecipient: Recipient = {
  channel: "telegram",
  endpoint: "telegram_42_7",
  responders: ["telegram:7"],
};

export interface QuestionOptions {
  readonly id?: string | undefined;
  readonly tenant?: string;
  readonly session?: string;
  readonly client?: string;
  /** The API key that the caller proved; by default none. */
  readonly keyId?: string | undefined;
  /** By default none, as in events of older versions. */
  readonly clientHash?: string | undefined;
  readonly message?: string;
  /** By default a choice if there are options, else an input. */
  readonly kind?: RequestType;
  /** Labels, of which "Approve" and "Deny" have these effects, or whole options. Without any, the answer is typed text. */
  readonly options?: readonly (string | Option)[];
  readonly recipients?: readonly Recipient[];
  readonly metadata?: Record<string, unknown> | undefined;
  readonly action?: Action | undefined;
  readonly fingerprint?: string;
  readonly traceparent?: string;
  readonly at?: Date;
  readonly timeoutMs?: number;
}

/** A question, by default an approval that asks one person for five minutes from now on. */
export function aQuestion(options: QuestionOptions = {}): CreatedEvent {
  const { id = newRequestId(), tenant = DEFAULT_TENANT, at = new Date(), timeoutMs = 300_000 } = options;
  const buttons = (options.options ?? ["Approve", "Deny"]).map(optionOf);
  const { kind = buttons.length > 0 ? "choice" : "input", message = "m" } = options;
  const question = {
    ref: { tenant, id },
    sessionId: options.session ?? "s",
    clientId: options.client ?? "c",
    keyId: options.keyId,
    clientHash: options.clientHash,
    prompt: { kind, message, options: buttons },
    recipients: options.recipients ?? [oneRecipient],
    timeoutSeconds: timeoutMs / 1_000,
    metadata: options.metadata,
    action: options.action,
    fingerprint: options.fingerprint ?? "f",
    traceparent: options.traceparent,
  };
  return createdEvent(question, at);
}

export interface DecisionOptions {
  /** The number of the option; the first by default. */
  readonly option?: number;
  /** A typed answer, in place of an option. */
  readonly text?: string;
  /** What is said beside an option. */
  readonly comment?: string;
  readonly name?: string;
  /** The principal who answers; by default the first who may. */
  readonly by?: string;
  /** Identifies the attempt. */
  readonly key?: string;
  readonly at?: Date;
}

/** The answer of the first person who may answer, by default at the time of the question. */
export function aDecision(created: CreatedEvent, options: DecisionOptions = {}): DecidedEvent {
  const { name = "Alice Weber", key = "1", at = new Date(created.time) } = options;
  const [recipient = oneRecipient] = created.data.recipients;
  const { by: responder = recipient.responders[0] ?? "" } = options;
  return decidedEvent(created, key, at, {
    kind: "answered",
    answer: answerOf(created, options),
    by: { type: "human", id: responder, name, channel: recipient.channel },
  });
}

/** The decision of a requester that withdraws the question now. */
export const aCancellation = (created: CreatedEvent, reason = "enough"): DecidedEvent =>
  decidedEvent(created, "cancel.test", new Date(), { kind: "cancelled", by: { type: "requester" }, reason });

/** A copy was sent, by default to the first recipient. */
export const aDelivery = (
  created: CreatedEvent,
  copy = "1",
  endpoint = firstEndpointOf(created),
): DeliveredEvent => deliveredEvent(created, { endpoint, copy });

/** An endpoint could not be reached, by default the first recipient's. */
export const aFailedDelivery = (
  created: CreatedEvent,
  endpoint = firstEndpointOf(created),
): UndeliveredEvent => undeliveredEvent(created, { endpoint, reason: "blocked" });

/** A person opened the question in the inbox, at the time of the question. */
export const anOpening = (created: CreatedEvent, person = "p_1"): SeenEvent =>
  seenEvent(created, { person, name: "Alice Weber", channel: "web" }, new Date(created.time));

/** The subject under which the log stores an event of a request. */
export const subjectOf = (event: RequestEvent): string => requestSubject(refOf(event), keyOf(event));

/** An event as the log stores it. */
export const anEntry = (seq: number, event: RequestEvent): ParsedEntry =>
  parsedEntry({ seq, subject: subjectOf(event), event });

/** Events as the log stores them, numbered from 1. */
export const entriesOf = (...events: readonly RequestEvent[]): ParsedEntry[] => entriesFrom(1, ...events);

/** Events as the log stores them, numbered from `seq`. */
export const entriesFrom = (seq: number, ...events: readonly RequestEvent[]): ParsedEntry[] =>
  events.map((event, index) => anEntry(seq + index, event));

function optionOf(option: string | Option): Option {
  if (typeof option !== "string") return option;
  const effect = ({ Approve: "approve", Deny: "deny" } as const)[option] ?? "neutral";
  return { value: option, label: option, effect };
}

function answerOf({ data }: CreatedEvent, { text, option = 0, comment }: DecisionOptions): Answer {
  if (text !== undefined) return { type: "text", text };
  const chosen = data.prompt.options[option];
  if (chosen === undefined) throw new RangeError(`the question has no option ${option}`);
  const answer = { type: "option", value: chosen.value, label: chosen.label, effect: chosen.effect } as const;
  return comment === undefined ? answer : { ...answer, comment };
}

const firstEndpointOf = ({ data }: CreatedEvent): string => (data.recipients[0] ?? oneRecipient).endpoint;

function keyOf(event: RequestEvent): string {
  switch (event.type) {
    case "loopgate.request.created.v1":
      return eventKey.created;
    case "loopgate.request.decided.v1":
      return eventKey.decided;
    case "loopgate.request.delivered.v1":
      return eventKey.delivered(event.data.endpoint, event.data.copy);
    case "loopgate.request.undelivered.v1":
      return eventKey.undelivered(event.data.endpoint);
    case "loopgate.request.seen.v1":
      return eventKey.seen(event.data.person);
  }
}
