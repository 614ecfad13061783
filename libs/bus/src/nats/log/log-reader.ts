import type { LogEntry } from "@loopgate/contracts";
import type { StoredMsg } from "@nats-io/jetstream";
import { TimeoutError } from "@nats-io/transport-node";
import { Unavailable } from "../../event-log.ts";
import type { NatsParts } from "../connection/nats-parts.ts";
import { CALL_TIMEOUT_MS } from "../connection/nats-options.ts";
import { readEntry, streamOf } from "./stored-message.ts";
import { sleep, withTimeout } from "@loopgate/async";

type ReaderParts = Pick<NatsParts, "jsm" | "watch">;

/** What stands on subjects. Whatever is there that is no event counts for nothing and hides nothing. */
export interface Standing {
  /** The sequence of what is newest there, event or not. */
  readonly seq: number;
  readonly entry: LogEntry | undefined;
}

/** What was just stored or decided may need a moment until it can be read. */
const SETTLE_TIMEOUT_MS = 2_000;
const LOOK_AGAIN_MS = 20;

/** The newest on a subject, or on all that a filter matches, from the stream's leader. */
export async function standingOn({ jsm }: ReaderParts, subject: string): Promise<Standing | undefined> {
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
 * The newest event of each subject below a prefix, oldest first; everything up to `atLeast`, and without it everything
 * that stands. The read of many subjects may be answered by a follower that lags. But a stream is one log, which followers
 * apply in order: whoever shows an entry has all that was stored before it. Of an entry that nobody shows the leader
 * knows whether it is still to come, or gone.
 */
export async function newestBelow(
  parts: ReaderParts,
  prefix: string,
  atLeast = Infinity,
): Promise<readonly LogEntry[]> {
  const everything = `${prefix}.>`;
  const stream = streamOf(everything);
  const read = async (seq: number) => {
    const found = await newestOfEach(parts, stream, everything);
    return found.some((message) => message.seq >= seq) ? found : undefined;
  };
  const told = atLeast === Infinity ? undefined : await read(atLeast);
  if (told !== undefined) return eventsOf(parts, told);
  const newest = await parts.jsm.streams.getMessage(stream, { last_by_subj: everything });
  if (newest === null) return [];
  return eventsOf(parts, await lookAgain(() => read(newest.seq)));
}

/** The events among these, and in place of what is none the newest event on its subject; oldest first. */
async function eventsOf(parts: ReaderParts, messages: readonly StoredMsg[]): Promise<readonly LogEntry[]> {
  const entries = await Promise.all(
    messages.map(async (message) => readEntry(message) ?? (await standingOn(parts, message.subject))?.entry),
  );
  return entries.filter((entry) => entry !== undefined).sort((a, b) => a.seq - b.seq);
}

/** As one server has them. The client would wait for ever for an answer that breaks off. */
async function newestOfEach(
  { jsm, watch }: ReaderParts,
  stream: string,
  filter: string,
): Promise<readonly StoredMsg[]> {
  const messages: StoredMsg[] = [];
  const { promise: ended, resolve, reject } = Promise.withResolvers<true>();
  const reading = await jsm.direct.getLastMessagesFor(stream, {
    multi_last: [filter],
    // Without a callback the client's subscription stays, one for each read.
    callback: (done, message) => {
      if (done === null) messages.push(message);
      else if (done.err === undefined) resolve(true);
      else reject(done.err);
    },
  });
  try {
    if (await withTimeout(ended, CALL_TIMEOUT_MS, () => undefined)) return messages;
    watch.checkPermission(`$JS.API.DIRECT.GET.${stream}`);
    throw new TimeoutError();
  } finally {
    reading.stop();
  }
}

/** Looks until there is something to see, for 2 s. */
export async function lookAgain<Seen>(look: () => Promise<Seen | undefined>): Promise<Seen> {
  const deadline = performance.now() + SETTLE_TIMEOUT_MS;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (performance.now() > deadline) throw new Unavailable("what the log must hold can't be read yet");
    await sleep(LOOK_AGAIN_MS);
  }
}
