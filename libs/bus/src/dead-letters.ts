import {
  type DeadLetterEvent,
  entryAs,
  filters,
  type Stored,
  streams,
  subjectMatches,
} from "@loopgate/contracts";
import type { EventLog } from "./event-log.ts";

/** All dead letters in the log, oldest first. */
export async function* deadLetters(log: EventLog): AsyncGenerator<Stored<DeadLetterEvent>> {
  for await (const { entries } of log.replay(filters.deadLetters)) {
    for (const entry of entries) yield entryAs("loopgate.dead_letter.v1", entry);
  }
}

/**
 * Appends an event that a person sent once more, so that its consumer handles it again. Replaying the same letter twice
 * appends it once. Returns false for an event of a request: a second copy of it would be wrong, and its readers have
 * other ways to recover (a rebuild, another press on an open message).
 */
export async function replayDeadLetter(log: EventLog, letter: Stored<DeadLetterEvent>): Promise<boolean> {
  const { subject, event } = letter.event.data;
  if (!streams.channel.subjects.some((stored) => subjectMatches(stored, subject))) return false;
  await log.append(subject, { ...event, id: `${event.id}.again.${letter.seq}` });
  return true;
}

/** The error's name, which is enough for an operator. Its message may contain what people wrote. */
export const nameOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error);
