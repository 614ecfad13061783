import {
  type CreatedEvent,
  type DecidedEvent,
  eventOf,
  isRequestEvent,
  type ParsedEntry,
  parseRequestSubject,
  type RequestEvent,
  type Stored,
} from "@loopgate/contracts";

/**
 * A request as the set of its events: the newest entry of each of its subjects, by the last part of the subject
 * (`created`, `decided`, `delivered.<endpoint>.<copy>`, …). An entry older than `created` belongs to an earlier question
 * with this id and is left out. Plain JSON, so that a store can keep it as it is.
 */
export type RequestSet = Readonly<Record<string, Stored<RequestEvent>>>;

/**
 * Adds entries of one request to its set. Any permutation, repetition and batching of the same entries results in the
 * same set. Entries of other subjects and of unknown types are ignored.
 */
export function merge(set: RequestSet, entries: Iterable<ParsedEntry>): RequestSet {
  const merged: Record<string, Stored<RequestEvent>> = { ...set };
  for (const entry of entries) {
    const { seq, subject } = entry;
    const key = parseRequestSubject(subject)?.key;
    const event = eventOf(entry);
    if (key === undefined || event === undefined || !isRequestEvent(event)) continue;
    keepNewest(merged, key, { seq, subject, event });
  }
  return withoutVoid(merged);
}

/** {@link merge} of two sets of the same request. */
export function mergeSets(one: RequestSet, other: RequestSet): RequestSet {
  const merged: Record<string, Stored<RequestEvent>> = { ...one };
  for (const [key, entry] of Object.entries(other)) keepNewest(merged, key, entry);
  return withoutVoid(merged);
}

function keepNewest(
  set: Record<string, Stored<RequestEvent>>,
  key: string,
  entry: Stored<RequestEvent>,
): void {
  if ((set[key]?.seq ?? 0) < entry.seq) set[key] = entry;
}

function withoutVoid(set: RequestSet): RequestSet {
  const asked = set["created"]?.seq ?? 0;
  return Object.fromEntries(Object.entries(set).filter(([, { seq }]) => seq >= asked));
}

/** The set of these entries of one request. */
export const fold = (entries: Iterable<ParsedEntry>): RequestSet => merge({}, entries);

/** The question, if this set holds it. */
export function createdOf(set: RequestSet): Stored<CreatedEvent> | undefined {
  const entry = set["created"];
  return entry?.event.type === "loopgate.request.created.v1" ? { ...entry, event: entry.event } : undefined;
}

/** The decision, if this set holds it. */
export function decisionOf(set: RequestSet): Stored<DecidedEvent> | undefined {
  const entry = set["decided"];
  return entry?.event.type === "loopgate.request.decided.v1" ? { ...entry, event: entry.event } : undefined;
}

/** A message that shows a request at an endpoint. */
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

/** The endpoints where delivery failed, and why. */
export function failuresOf(set: RequestSet): ReadonlyMap<string, string> {
  return new Map(
    Object.values(set).flatMap(({ event }) =>
      event.type === "loopgate.request.undelivered.v1" ? [[event.data.endpoint, event.data.reason]] : [],
    ),
  );
}

/** The endpoints where delivery failed. */
export const failedEndpointsOf = (set: RequestSet): ReadonlySet<string> => new Set(failuresOf(set).keys());

/** True if a person has opened the question in the inbox. */
export const wasSeen = (set: RequestSet): boolean =>
  Object.values(set).some(({ event }) => event.type === "loopgate.request.seen.v1");
