import { type DeadLetterEvent, type LogEntry, timestamp, envelopeIn } from "@loopgate/contracts";

/** What an operator needs to look at an entry that a consumer gave up, and to replay it. */
export const deadLetter = (
  consumer: string,
  entry: LogEntry,
  attempts: number,
  error: string,
): DeadLetterEvent => ({
  ...envelopeIn(entry.event),
  id: `${consumer}.${entry.seq}`,
  type: "loopgate.dead_letter.v1",
  time: timestamp(),
  data: { consumer, subject: entry.subject, seq: entry.seq, error, attempts, event: entry.event },
});

/** An error's name says enough for an operator to look; its message might hold what people wrote. */
export const nameOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error);
