import {
  type DeadLetterEvent,
  entryAs,
  filters,
  type Stored,
  streams,
  subjectMatches,
} from "@loopgate/contracts";
import type { EventLog } from "./event-log.ts";

/** What consumers gave up, oldest first. */
export async function* deadLetters(log: EventLog): AsyncGenerator<Stored<DeadLetterEvent>> {
  for await (const { entries } of log.replay(filters.deadLetters)) {
    for (const entry of entries) yield entryAs("loopgate.dead_letter.v1", entry);
  }
}

/**
 * Hands what a person sent to its consumer once more; the same letter again adds nothing. False for an event of a request:
 * that would stand there a second time, and its readers have other ways (a rebuild, a press on an open copy).
 */
export async function replayDeadLetter(log: EventLog, letter: Stored<DeadLetterEvent>): Promise<boolean> {
  const { subject, event } = letter.event.data;
  if (!streams.channel.subjects.some((stored) => subjectMatches(stored, subject))) return false;
  await log.append(subject, { ...event, id: `${event.id}.again.${letter.seq}` });
  return true;
}
