import { z } from "zod";
import { Envelope } from "./envelope.ts";

/** What choosing an option means for an approval. */
export const Effect = z.enum(["approve", "deny", "neutral"]);
export type Effect = z.infer<typeof Effect>;

export const RequestType = z.enum(["confirmation", "choice", "input"]);
export type RequestType = z.infer<typeof RequestType>;

/** An option as the person sees it (`label`) and as the agent gets it (`value`). */
export const Option = z.looseObject({ value: z.string(), label: z.string(), effect: Effect });
export type Option = z.infer<typeof Option>;

/** What the person is asked. Options become buttons; without options the answer is typed text. */
export const Prompt = z.looseObject({ kind: RequestType, message: z.string(), options: z.array(Option) });
export type Prompt = z.infer<typeof Prompt>;

/**
 * An endpoint where the question is shown, and the principals who may answer there: `<channel>:<id>`, such as
 * `web:alice@example.com`, or `group:<name>`.
 */
export const Recipient = z.looseObject({
  channel: z.string(),
  endpoint: z.string(),
  responders: z.array(z.string()),
});
export type Recipient = z.infer<typeof Recipient>;

/**
 * Who decided: `human` answered, `requester` cancelled, `timeout` expired. `id` is the principal that gave the right to
 * answer. Where a person may hold several principals, `person` tells who it was, and `auth` how they had signed in.
 */
export const DecidedBy = z.looseObject({
  type: z.enum(["human", "requester", "timeout"]),
  id: z.string().optional(),
  name: z.string().optional(),
  channel: z.string().optional(),
  person: z.string().optional(),
  auth: z.string().optional(),
});
export type DecidedBy = z.infer<typeof DecidedBy>;

/** What the person chose or typed. `comment` is what the person typed beside a chosen option. */
export const Answer = z.discriminatedUnion("type", [
  z.looseObject({
    type: z.literal("option"),
    value: z.string(),
    label: z.string(),
    effect: Effect,
    comment: z.string().optional(),
  }),
  /** `truncated`: the text may go on in a message that could not be joined. */
  z.looseObject({ type: z.literal("text"), text: z.string(), truncated: z.boolean().optional() }),
]);
export type Answer = z.infer<typeof Answer>;

const of = <const Type extends string, Data extends z.ZodType>(type: Type, data: Data) =>
  Envelope.extend({ type: z.literal(`loopgate.request.${type}.v1`), data });

/** A question was accepted. First on its subject: a retry of the same submission adds nothing. */
export const CreatedEvent = of(
  "created",
  z.looseObject({
    session_id: z.string(),
    client_id: z.string(),
    /** The API key that the caller proved; absent where the gateway asks for none. */
    key_id: z.string().optional(),
    /** Tells clients apart that share a name: see `clientHash`. Absent in events of older versions. */
    client_hash: z.string().optional(),
    prompt: Prompt,
    recipients: z.array(Recipient),
    /** How many answers decide. A process that cannot count up to this refuses to decide. */
    policy: z.looseObject({ required: z.int().min(1) }),
    metadata: z.record(z.string(), z.unknown()).optional(),
    expires_at: z.iso.datetime(),
    /** SHA-256 of the submission's parsed arguments before defaults: equal fingerprints are the same submission. */
    fingerprint: z.string(),
  }),
);
export type CreatedEvent = z.infer<typeof CreatedEvent>;

/** A copy of the question was sent to an endpoint. */
export const DeliveredEvent = of("delivered", z.looseObject({ endpoint: z.string(), copy: z.string() }));
export type DeliveredEvent = z.infer<typeof DeliveredEvent>;

/** A recipient cannot be reached. The request stays open until its end. */
export const UndeliveredEvent = of(
  "undelivered",
  z.looseObject({ endpoint: z.string(), reason: z.string() }),
);
export type UndeliveredEvent = z.infer<typeof UndeliveredEvent>;

/** The one decision: first on its subject. */
export const DecidedEvent = of(
  "decided",
  z.discriminatedUnion("kind", [
    z.looseObject({ kind: z.literal("answered"), answer: Answer, by: DecidedBy }),
    z.looseObject({ kind: z.literal("cancelled"), by: DecidedBy, reason: z.string().optional() }),
    z.looseObject({ kind: z.literal("expired"), by: DecidedBy, reason: z.string().optional() }),
  ]),
);
export type DecidedEvent = z.infer<typeof DecidedEvent>;

/** A person opened the question for the first time. */
export const SeenEvent = of(
  "seen",
  z.looseObject({ person: z.string(), name: z.string(), channel: z.string() }),
);
export type SeenEvent = z.infer<typeof SeenEvent>;

export type RequestEvent = CreatedEvent | DeliveredEvent | UndeliveredEvent | DecidedEvent | SeenEvent;

/** What a person sent, as the channel received it. */
export const ReceivedEvent = Envelope.extend({
  type: z.literal("loopgate.channel.received.v1"),
  data: z.looseObject({ update: z.looseObject({}) }),
});
export type ReceivedEvent = z.infer<typeof ReceivedEvent>;

/** A timer is due. `tag` is the creation tag of the question that it was set for. */
export const DueEvent = Envelope.extend({
  type: z.literal("loopgate.timer.due.v1"),
  data: z.looseObject({ tag: z.string() }),
});
export type DueEvent = z.infer<typeof DueEvent>;

/**
 * An event that a consumer gave up, with everything that an operator needs to replay it; or what a person sent and can't be
 * stored, with what it was and nothing of what it says.
 */
export const DeadLetterEvent = Envelope.extend({
  type: z.literal("loopgate.dead_letter.v1"),
  data: z.looseObject({
    consumer: z.string(),
    subject: z.string(),
    /** 0 for what was never stored. */
    seq: z.number(),
    error: z.string(),
    attempts: z.number(),
    event: Envelope,
    /** Of what was never stored: its kind in the channel's words. */
    kind: z.string().optional(),
    /** Of what was never stored, in bytes; absent if it was not read to its end. */
    size: z.number().optional(),
  }),
});
export type DeadLetterEvent = z.infer<typeof DeadLetterEvent>;

/** Every event that this version knows. */
export type KnownEvent = RequestEvent | ReceivedEvent | DueEvent | DeadLetterEvent;

const schemas: ReadonlyMap<string, z.ZodType<KnownEvent>> = new Map<string, z.ZodType<KnownEvent>>(
  [
    CreatedEvent,
    DeliveredEvent,
    UndeliveredEvent,
    DecidedEvent,
    SeenEvent,
    ReceivedEvent,
    DueEvent,
    DeadLetterEvent,
  ].map((schema) => [schema.shape.type.value, schema]),
);

export const isKnownType = (type: string): boolean => schemas.has(type);

/** True for the events of a request's own subjects. */
export const isRequestEvent = (event: KnownEvent): event is RequestEvent =>
  event.type.startsWith("loopgate.request.");

/**
 * Parses an event once: `known` is absent for a type or a shape that this version does not know.
 * @throws ZodError for what is no envelope.
 */
export function parseEvent(raw: unknown): {
  readonly event: Envelope;
  readonly known: KnownEvent | undefined;
} {
  const type = typeof raw === "object" && raw !== null && "type" in raw ? raw.type : undefined;
  const known = typeof type === "string" ? schemas.get(type)?.safeParse(raw).data : undefined;
  return known === undefined ? { event: Envelope.parse(raw), known } : { event: known, known };
}
