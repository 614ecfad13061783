import {
  type CreatedEvent,
  type DecidedEvent,
  parseRequestEntry,
  parseRequestSubject,
  type RequestEvent,
  type Stored,
} from "@loopgate/contracts";

/**
 * A request is the set of its events: the newest entry of each of its subjects, by the last part of that subject
 * (`created`, `decided`, `delivered.<endpoint>.<copy>`, …). What is older than its `created` was said of an earlier
 * question of this id: it is void, and not in the set. Plain JSON, so that a store can keep it as it is.
 */
export type RequestSet = Readonly<Record<string, Stored<RequestEvent>>>;

/**
 * Adds entries of one request to its set. Free of order and repetition: any permutation, repetition and batching of
 * the same entries gives the same set. Entries of other subjects and of unknown types are ignored.
 */
export function merge(set: RequestSet, entries: Iterable<Stored>): RequestSet {
  const merged: Record<string, Stored<RequestEvent>> = { ...set };
  for (const entry of entries) {
    const key = parseRequestSubject(entry.subject)?.key;
    const known = parseRequestEntry(entry);
    if (key === undefined || known === undefined) continue;
    const standing = merged[key];
    if (standing === undefined || standing.seq < known.seq) merged[key] = known;
  }
  return withoutVoid(merged);
}

function withoutVoid(set: RequestSet): RequestSet {
  const asked = set["created"]?.seq ?? 0;
  return Object.fromEntries(Object.entries(set).filter(([, { seq }]) => seq >= asked));
}

/** The set of these entries of one request. */
export const fold = (entries: Iterable<Stored>): RequestSet => merge({}, entries);

/** The question, if this set holds it. */
export function createdOf(set: RequestSet): Stored<CreatedEvent> | undefined {
  const entry = set["created"];
  return entry?.event.type === "loopgate.request.created.v1" ? { ...entry, event: entry.event } : undefined;
}

/** The decision that stands. */
export function decisionOf(set: RequestSet): Stored<DecidedEvent> | undefined {
  const entry = set["decided"];
  return entry?.event.type === "loopgate.request.decided.v1" ? { ...entry, event: entry.event } : undefined;
}

/** A message that shows this request in a chat. */
export interface Copy {
  readonly endpoint: string;
  readonly copy: string;
}

/** Every recorded copy. */
export function copiesOf(set: RequestSet): readonly Copy[] {
  return Object.values(set).flatMap(({ event }) =>
    event.type === "loopgate.request.delivered.v1"
      ? [{ endpoint: event.data.endpoint, copy: event.data.copy }]
      : [],
  );
}

/** The endpoints that could not be reached. */
export function failedEndpointsOf(set: RequestSet): ReadonlySet<string> {
  return new Set(
    Object.values(set).flatMap(({ event }) =>
      event.type === "loopgate.request.undelivered.v1" ? [event.data.endpoint] : [],
    ),
  );
}
