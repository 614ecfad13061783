import {
  type DeadLetterEvent,
  deadLetterEvent,
  deadLetterSubject,
  entryAs,
  filters,
  type LogEntry,
  ReceivedEvent,
  type Stored,
  streams,
  subjectMatches,
} from "@loopgate/contracts";
import { type EventLog, Rejected } from "./event-log.ts";

/** All dead letters in the log, oldest first. */
export async function* deadLetters(log: EventLog): AsyncGenerator<Stored<DeadLetterEvent>> {
  for await (const { entries } of log.replay(filters.deadLetters)) {
    for (const entry of entries) yield entryAs("loopgate.dead_letter.v1", entry);
  }
}

/**
 * `of_a_request`: a second copy of the event would be wrong, and its readers have other ways to recover (a rebuild, another
 * press on an open message). `not_kept`: the letter does not hold what the person sent, because it could not be stored.
 */
export type ReplayResult = "replayed" | "of_a_request" | "not_kept";

/**
 * Appends an event that a person sent once more, so that its consumer handles it again. Replaying the same letter twice
 * appends it once.
 */
export async function replayDeadLetter(
  log: EventLog,
  letter: Stored<DeadLetterEvent>,
): Promise<ReplayResult> {
  const { subject, event } = letter.event.data;
  if (!streams.channel.subjects.some((stored) => subjectMatches(stored, subject))) return "of_a_request";
  if (!ReceivedEvent.safeParse(event).success) return "not_kept";
  await log.append(subject, { ...event, id: `${event.id}.again.${letter.seq}` });
  return "replayed";
}

/**
 * Stores the dead letter of an entry. A letter holds its event and more: one that is too large for the server is stored
 * without what the event says.
 */
export async function storeDeadLetter(
  log: Pick<EventLog, "append">,
  letter: {
    readonly consumer: string;
    readonly entry: LogEntry;
    readonly attempts: number;
    readonly error: string;
  },
): Promise<void> {
  const { consumer, entry, attempts, error } = letter;
  const subject = deadLetterSubject(consumer);
  try {
    await log.append(subject, deadLetterEvent(consumer, entry, attempts, error));
  } catch (cause) {
    if (!(cause instanceof Rejected)) throw cause;
    const emptied = { ...entry, event: { ...entry.event, data: {} } };
    await log.append(subject, deadLetterEvent(consumer, emptied, attempts, error));
  }
}

/** The error's name, which is enough for an operator. Its message may contain what people wrote. */
export const nameOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error);
