import { Envelope, type LogEntry, streams, subjectMatches } from "@loopgate/contracts";
import type { JsMsg } from "@nats-io/jetstream";

/** What reads and deliveries have in common. */
interface Message {
  readonly subject: string;
  readonly seq: number;
  readonly time: Date;
  json(): unknown;
}

/** @throws ZodError for what is no event. */
export const entryOf = (message: Message): LogEntry => ({
  seq: message.seq,
  subject: message.subject,
  storedAt: message.time.toISOString(),
  event: Envelope.parse(message.json()),
});

/** Undefined for what is no event: no process of ours stored it, and none can handle it. */
export function readEntry(message: JsMsg): LogEntry | undefined {
  const { subject, seq, timestampNanos } = message;
  const time = new Date(Number(timestampNanos / 1_000_000n));
  try {
    return entryOf({ subject, seq, time, json: () => message.json() });
  } catch {
    return undefined;
  }
}

/** The stream that stores a subject, or all that a filter matches. */
export function streamOf(subject: string): string {
  const found = Object.values(streams).find(({ subjects }) =>
    subjects.some((stored) => subjectMatches(stored, subject)),
  );
  if (found === undefined) throw new TypeError("no stream stores this subject");
  return found.name;
}
