import { sleep } from "@loopgate/async";
import type { LogEntry } from "@loopgate/contracts";
import type { JetStreamManager, StoredMsg } from "@nats-io/jetstream";
import { Unavailable } from "../../event-log.ts";
import type { NatsClient } from "../connection/connect.ts";
import { streamOf } from "../stream-names.ts";
import { readDirectly } from "./direct-read.ts";
import { readEntry } from "./stored-message.ts";

/**
 * The newest message and the newest event of a subject. They differ only if the newest message is not an event: readers
 * ignore such messages.
 */
export interface Newest {
  /** The sequence of the newest message, event or not. */
  readonly seq: number;
  readonly entry: LogEntry | undefined;
}

type Client = Pick<NatsClient, "jsm" | "watch" | "apiPrefix">;

/** How long a message that the server has acknowledged may take to become readable, in milliseconds. */
export const VISIBLE_WITHIN_MS = 2_000;
const POLL_MS = 20;

/** The newest message on a subject, or on all subjects that a filter matches, as the stream's leader has it. */
export async function newestOn(jsm: JetStreamManager, subject: string): Promise<Newest | undefined> {
  const stream = streamOf(subject);
  const newest = await jsm.streams.getMessage(stream, { last_by_subj: subject });
  if (newest === null) return undefined;
  let entry = readEntry(newest);
  if (entry !== undefined) return { seq: newest.seq, entry };
  for (let seq = 1; ;) {
    const query = { seq, next_by_subj: subject };
    const message = await jsm.streams.getMessage(stream, query);
    if (message === null || message.seq >= newest.seq) return { seq: newest.seq, entry };
    entry = readEntry(message) ?? entry;
    seq = message.seq + 1;
  }
}

/**
 * The newest event of each subject below a prefix, oldest first: everything up to `atLeast`, or without it everything
 * stored. A follower that lags may answer the read of many subjects. But a stream is one log, which followers apply in
 * order: a server that has an entry has everything before it. If no answer contains the entry, the leader knows whether
 * it is still being replicated or has been deleted.
 */
export async function newestBelow(
  client: Client,
  prefix: string,
  atLeast = Infinity,
): Promise<readonly LogEntry[]> {
  const everything = `${prefix}.>`;
  const stream = streamOf(everything);
  const read = async (seq: number) => {
    const found = await readDirectly(client, stream, { multi_last: [everything] });
    return found.some((message) => message.seq >= seq) ? found : undefined;
  };
  const upToDate = atLeast === Infinity ? undefined : await read(atLeast);
  if (upToDate !== undefined) return eventsOf(client.jsm, upToDate);
  const newest = await client.jsm.streams.getMessage(stream, { last_by_subj: everything });
  if (newest === null) return [];
  return eventsOf(client.jsm, await retryUntilVisible(() => read(newest.seq)));
}

/** The events among these messages, oldest first. Replaces a message that is not an event by the newest event there. */
async function eventsOf(jsm: JetStreamManager, messages: readonly StoredMsg[]): Promise<readonly LogEntry[]> {
  const entries = await Promise.all(
    messages.map(async (message) => readEntry(message) ?? (await newestOn(jsm, message.subject))?.entry),
  );
  return entries.filter((entry) => entry !== undefined).sort((a, b) => a.seq - b.seq);
}

/**
 * Repeats a read of a message that the server has acknowledged until it is readable.
 * @throws Unavailable after 2 s.
 */
export async function retryUntilVisible<Found>(read: () => Promise<Found | undefined>): Promise<Found> {
  const deadline = performance.now() + VISIBLE_WITHIN_MS;
  for (;;) {
    const found = await read();
    if (found !== undefined) return found;
    if (performance.now() > deadline) {
      throw new Unavailable("the log does not show an acknowledged event yet: retry");
    }
    await sleep(POLL_MS);
  }
}
