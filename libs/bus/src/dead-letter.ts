import { type DeadLetterEvent, type LogEntry, timestamp, traceOf } from "@loopgate/contracts";

/** What an operator needs to look at an entry that a consumer gave up, and to replay it. */
export const deadLetter = (
  consumer: string,
  entry: LogEntry,
  attempts: number,
  error: string,
): DeadLetterEvent => ({
  specversion: "1.0",
  id: `${consumer}.${entry.seq}`,
  source: "loopgate",
  type: "loopgate.dead_letter.v1",
  subject: entry.event.subject,
  time: timestamp(),
  tenant: entry.event.tenant,
  ...traceOf(entry.event),
  data: { consumer, subject: entry.subject, seq: entry.seq, error, attempts, event: entry.event },
});

/** An error's name says enough for an operator to look; its message might hold what people wrote. */
export const nameOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error);
