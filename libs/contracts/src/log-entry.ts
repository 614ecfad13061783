import type { Envelope } from "./envelope.ts";
import { isKnownType, type KnownEvent, parseEvent } from "./events.ts";

/** An event and its position in the log. */
export interface Stored<Event extends Envelope = Envelope> {
  /** Grows along one subject, and over the events of requests in the order in which the log stored them. */
  readonly seq: number;
  readonly subject: string;
  readonly event: Event;
}

/** A stored event as an adapter hands it out: parsed once, so that no reader parses again. */
export interface ParsedEntry<Event extends Envelope = Envelope> extends Stored<Event> {
  /** The same event, if this version knows its type and its shape; see {@link eventOf}. */
  readonly known: KnownEvent | undefined;
}

/** An entry that was read from the log. */
export interface LogEntry<Event extends Envelope = Envelope> extends ParsedEntry<Event> {
  /** When the log stored it, by the log's clock: RFC 3339 UTC with milliseconds. */
  readonly storedAt: string;
}

/**
 * Parses what an adapter stored.
 * @throws ZodError for what is no envelope.
 */
export function parsedEntry({
  seq,
  subject,
  event,
}: Omit<Stored, "event"> & { readonly event: unknown }): ParsedEntry {
  return { seq, subject, ...parseEvent(event) };
}

/**
 * The event of an entry; undefined for a type that this version does not know (readers ignore those).
 * @throws TypeError for a known type of an unknown shape: ignoring it could lose a question or a decision.
 */
export function eventOf({ event, known }: ParsedEntry): KnownEvent | undefined {
  if (known === undefined && isKnownType(event.type)) throw new TypeError("an event has an unknown shape");
  return known;
}

/**
 * The same entry with its event typed.
 * @throws TypeError if its event has another type, or an unknown shape.
 */
export function entryAs<Type extends KnownEvent["type"], Entry extends ParsedEntry>(
  type: Type,
  entry: Entry,
): Entry & Stored<Extract<KnownEvent, { readonly type: Type }>> {
  const { known } = entry;
  if (!isOf(type, known)) throw new TypeError(`an entry is no readable ${type}`);
  return { ...entry, event: known };
}

const isOf = <Type extends KnownEvent["type"]>(
  type: Type,
  event: KnownEvent | undefined,
): event is Extract<KnownEvent, { readonly type: Type }> => event?.type === type;
