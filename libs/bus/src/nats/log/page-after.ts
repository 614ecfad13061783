import { pollUntil } from "@loopgate/async";
import { filters, streams } from "@loopgate/contracts";
import type { JetStreamManager, StoredMsg } from "@nats-io/jetstream";
import type { ReadPage } from "../../follow.ts";
import type { NatsClient } from "../connection/connect.ts";
import { readDirectly } from "./direct-read.ts";
import { VISIBLE_WITHIN_MS } from "./reader.ts";
import { readEntry } from "./stored-message.ts";

/** How much one read brings at most: messages, and bytes, unless the first message alone is larger. */
const PAGE = 256;
const PAGE_BYTES = 1_048_576;

const stream = streams.requests.name;

/**
 * Reads the messages after a sequence, up to the first gap between their sequences. Any server of a cluster may answer, and
 * one that lags lacks the newest messages. Which sequences are missing for good, only the leader knows.
 * @returns undefined if the leader does not hold everything after the sequence.
 */
export async function pageAfter(
  client: Pick<NatsClient, "jsm" | "watch" | "apiPrefix">,
  after: number,
): Promise<ReadPage | undefined> {
  const query = { seq: after + 1, batch: PAGE, max_bytes: PAGE_BYTES };
  const messages = await readDirectly(client, stream, query);
  const [first] = messages;
  if (first?.seq === after + 1) return pageOf(messages, first.seq);
  const next = first === undefined ? undefined : await sequenceAfter(client.jsm, after);
  if (!(await isHeld(client.jsm, after))) return undefined;
  // What the leader does not have either was deleted by an operator.
  return first !== undefined && first.seq === next
    ? pageOf(messages, next)
    : { entries: [], last: after, hasMore: false };
}

function pageOf(messages: readonly StoredMsg[], from: number): ReadPage {
  const run = messages.filter(({ seq }, index) => seq === from + index);
  return {
    entries: run.flatMap((message) => readEntry(message) ?? []),
    last: from + run.length - 1,
    hasMore: run.length < messages.length || (run.at(-1)?.pending ?? 0) > 0,
  };
}

/** The sequence of the leader's first message after `after`. */
async function sequenceAfter(jsm: JetStreamManager, after: number): Promise<number | undefined> {
  const query = { seq: after + 1, next_by_subj: filters.everyEvent };
  return (await jsm.streams.getMessage(stream, query))?.seq;
}

/** True unless messages after `after` have aged out, or `after` is not a sequence of this stream. */
async function isHeld(jsm: JetStreamManager, after: number): Promise<boolean> {
  const state = async () => (await jsm.streams.info(stream)).state;
  if ((await state()).first_seq > after + 1) return false;
  // A new leader may need a moment to show what another server of the cluster has shown.
  return pollUntil(async () => (await state()).last_seq >= after, VISIBLE_WITHIN_MS);
}
