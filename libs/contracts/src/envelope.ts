import { z } from "zod";

/**
 * CloudEvents 1.0 in structured JSON. `id` is also the `Nats-Msg-Id`: it contains the identity of its subject, because
 * a broker compares ids over a whole stream. Unknown members are kept and ignored.
 */
export const Envelope = z.looseObject({
  specversion: z.literal("1.0"),
  id: z.string().min(1).max(256),
  source: z.string().min(1),
  type: z.string().min(1),
  subject: z.string(),
  time: z.iso.datetime(),
  tenant: z.string(),
  traceparent: z.string().optional(),
  data: z.looseObject({}),
});
export type Envelope = z.infer<typeof Envelope>;

/** What an event is about, as the one that it follows from says: a request or an account, and the trace that goes on. */
interface Context extends Pick<Envelope, "subject" | "tenant"> {
  readonly traceparent?: string | undefined;
}

/** What all events of ours say, and what this one takes over from its context. */
export const envelopeIn = ({ subject, tenant, traceparent }: Context) => ({
  specversion: "1.0" as const,
  source: "loopgate",
  subject,
  tenant,
  ...(traceparent === undefined ? {} : { traceparent }),
});

/** An event and where it stands in the log: what an append is answered with. */
export interface Stored<Event extends Envelope = Envelope> {
  /** Grows along one subject; says nothing about the order between subjects. */
  readonly seq: number;
  readonly subject: string;
  readonly event: Event;
}

/** An event as the log hands it out. */
export interface LogEntry<Event extends Envelope = Envelope> extends Stored<Event> {
  /** When the log stored it, by the log's clock: RFC 3339 UTC with milliseconds. */
  readonly storedAt: string;
}

/** Time as every Loopgate surface writes it: RFC 3339 UTC with milliseconds. */
export const timestamp = (at: Date | number = Date.now()): string => new Date(at).toISOString();
