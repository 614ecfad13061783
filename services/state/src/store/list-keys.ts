import type { CreatedEvent, DecidedEvent, RequestOutcome } from "@loopgate/contracts";
import { endOf } from "@loopgate/domain";

/** How much of a text is searched, in characters: indexes of long texts are large and slow. */
const SEARCHED_CHARACTERS = 4_000;

// A store keeps these members in their order. Add new ones at the end: MongoDB compares documents member by member.

/** What lists find a request by, of its question. */
export interface AskedKeys {
  readonly at: string;
  readonly session: string;
  readonly client: string;
  /** The principals who may answer, at any recipient. */
  readonly responders: readonly string[];
  /** What is searched for words. */
  readonly text: string;
}

/** What lists find a request by, of its decision. */
export interface EndedKeys {
  readonly at: string;
  readonly outcome?: RequestOutcome;
  readonly channel?: string;
  /** The principal who decided, and the person where that is known. */
  readonly deciders: readonly string[];
  /** What is searched for words. */
  readonly text: string;
}

export function askedKeysOf({ time, data }: CreatedEvent): AskedKeys {
  const { session_id: session, client_id: client, prompt, recipients } = data;
  const responders = [...new Set(recipients.flatMap((recipient) => recipient.responders))];
  return { at: time, session, client, responders, text: searched([session, client, prompt.message]) };
}

export function endedKeysOf(decided: DecidedEvent): EndedKeys {
  const { outcome, response, comment, reason, decided_by: by } = endOf(decided);
  const label =
    decided.data.kind === "answered" && decided.data.answer.type === "option"
      ? decided.data.answer.label
      : undefined;
  return {
    at: decided.time,
    ...(outcome === undefined ? {} : { outcome }),
    ...(by?.channel === undefined ? {} : { channel: by.channel }),
    deciders: [by?.id, by?.person].filter((decider) => decider !== undefined),
    text: searched([label, response, comment, reason]),
  };
}

const searched = (parts: readonly (string | undefined)[]): string =>
  parts
    .filter((part) => part !== undefined)
    .join("\n")
    .slice(0, SEARCHED_CHARACTERS);
