import { type Envelope, parseEvent } from "@loopgate/contracts";
import { Rejected } from "./event-log.ts";

/** What our largest event may need, in bytes: a question of 16,000 characters with 50 options, all of them escaped. */
export const LARGEST_EVENT_BYTES = 262_144;

/** An event as it is stored. */
export interface Storable extends ReturnType<typeof parseEvent> {
  readonly text: string;
}

/** @throws Rejected for what is no event, or can't be written as JSON because it is nested too deep. */
export function storable(event: Envelope): Storable {
  try {
    const parsed = parseEvent(event);
    return { ...parsed, text: JSON.stringify(parsed.event) };
  } catch (cause) {
    throw new Rejected(`the event can't be stored: ${reasonOf(cause)}`, { cause });
  }
}

/** @param maxBytes absent: the limit is not known */
export const tooLarge = (cause: unknown, maxBytes?: number): Rejected =>
  new Rejected(
    `the event can't be stored: it is too large${maxBytes === undefined ? "" : ` for the limit of ${maxBytes} bytes`}`,
    { cause, maxBytes },
  );

export const wrongSubject = (): Rejected =>
  new Rejected("the event can't be stored: an event's id must contain the identity of its subject");

export const idOfForeignMessage = (): Rejected =>
  new Rejected("the event can't be stored: another message, which is not an event, has the event's id");

/** Quotes no value: it may be what a person wrote. The message of a schema names members alone. */
function reasonOf(cause: unknown): string {
  if (cause instanceof RangeError) return "it is nested too deep";
  if (cause instanceof TypeError) return "it can't be written as JSON";
  return cause instanceof Error ? cause.message.replaceAll(/\s+/g, " ") : "it is no event";
}
