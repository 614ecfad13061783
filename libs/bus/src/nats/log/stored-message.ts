import { type LogEntry, parsedEntry, streams, subjectMatches, timestamp } from "@loopgate/contracts";
import type { JsMsg, StoredMsg } from "@nats-io/jetstream";

/** Undefined for what is no event: no process of ours stored it, and none can handle it. */
export function readEntry(message: StoredMsg | JsMsg): LogEntry | undefined {
  try {
    const { seq, subject } = message;
    const entry = parsedEntry({ seq, subject, event: message.json() });
    return { ...entry, storedAt: timestamp(timeOf(message)) };
  } catch {
    return undefined;
  }
}

const timeOf = (message: StoredMsg | JsMsg): Date =>
  "timestampNanos" in message ? new Date(Number(message.timestampNanos / 1_000_000n)) : message.time;

/** The stream that stores a subject, or all that a filter matches. */
export function streamOf(subject: string): string {
  const found = Object.values(streams).find(({ subjects }) =>
    subjects.some((stored) => subjectMatches(stored, subject)),
  );
  if (found === undefined) throw new TypeError("no stream stores this subject");
  return found.name;
}

/** The stream that holds all that a consumer reads. */
export function onlyStreamOf(filters: readonly string[]): string {
  const [stream, ...others] = new Set(filters.map(streamOf));
  if (stream === undefined || others.length > 0) throw new TypeError("a consumer reads exactly one stream");
  return stream;
}
