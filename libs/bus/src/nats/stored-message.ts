import { Envelope, type LogEntry, streams, subjectMatches } from "@loopgate/contracts";

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

/** The stream that stores a subject, or all that a filter matches. */
export function streamOf(subject: string): string {
  const found = Object.values(streams).find(({ subjects }) =>
    subjects.some((stored) => subjectMatches(stored, subject)),
  );
  if (found === undefined) throw new TypeError("no stream stores this subject");
  return found.name;
}
