import { AckPolicy, type Consumer, DeliverPolicy, type JsMsg } from "@nats-io/jetstream";
import { nanos } from "@nats-io/transport-node";
import { type ReplayPage, Unavailable } from "../../event-log.ts";
import type { NatsClient } from "../connection/connect.ts";
import { retryUnknownOutcome, type RetryPolicy } from "../connection/retry.ts";
import { streamOf } from "../stream-names.ts";
import { readEntry } from "./stored-message.ts";

interface Source {
  readonly client: Pick<NatsClient, "js" | "jsm">;
  readonly retry: RetryPolicy;
  readonly filter: string;
}

const PAGE = 2_000;

/** A pull that brings nothing for this long is given up, and a new reader replaces the old one. In milliseconds. */
const PULL_MS = 2_000;

/** After this many readers in a row that brought nothing, the replay fails. */
const MAX_EMPTY_READERS = 5;

/** The server deletes an abandoned reader after this long, in milliseconds. */
const READER_IDLE_MS = 60_000;

interface Reader {
  readonly consumer: Consumer;
  /** How many messages it has delivered: a gap in their numbers means that one was lost in transit. */
  delivered: number;
}

/** Reads up to the message that is newest for the leader at the start. A server that lags behind it is asked again. */
export async function* replay(source: Source): AsyncGenerator<ReplayPage> {
  const end = await newestSeq(source);
  let position = 0;
  let reader: Reader | undefined;
  let emptyReaders = 0;
  try {
    while (position < end) {
      reader ??= await readerAfter(position, source);
      // A reader that fails is gone, for example with its server: a new one continues.
      const messages = await pageOf(reader, end).catch(() => []);
      const last = messages.at(-1);
      if (last !== undefined) {
        [position, emptyReaders] = [last.seq, 0];
        yield {
          entries: messages.flatMap((message) => readEntry(message) ?? []),
          remaining: Math.max(0, end - position),
        };
        continue;
      }
      reader = undefined;
      if ((await newestSeq(source)) <= position) return;
      if (++emptyReaders === MAX_EMPTY_READERS) {
        throw new Unavailable("NATS does not deliver stored messages: check the health of its cluster");
      }
    }
  } finally {
    await reader?.consumer.delete().catch(() => undefined);
  }
}

/** The sequence of the newest matching message, as the leader has it; 0 if there is none. */
async function newestSeq({ client, retry, filter }: Source): Promise<number> {
  const query = { last_by_subj: filter };
  const newest = await retryUnknownOutcome(retry, () =>
    client.jsm.streams.getMessage(streamOf(filter), query),
  );
  return newest?.seq ?? 0;
}

function readerAfter(seq: number, { client: { js, jsm }, retry, filter }: Source): Promise<Reader> {
  const stream = streamOf(filter);
  return retryUnknownOutcome(retry, async () => {
    const { name } = await jsm.consumers.add(stream, {
      filter_subject: filter,
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: seq + 1,
      inactive_threshold: nanos(READER_IDLE_MS),
      mem_storage: true,
    });
    return { consumer: await js.consumers.get(stream, name), delivered: 0 };
  });
}

async function pageOf(reader: Reader, end: number): Promise<readonly JsMsg[]> {
  const page: JsMsg[] = [];
  const messages = await reader.consumer.fetch({ max_messages: PAGE, expires: PULL_MS });
  for await (const message of messages) {
    reader.delivered += 1;
    if (message.info.deliverySequence !== reader.delivered) throw new Error("a message was lost");
    page.push(message);
    if (message.seq >= end) break;
  }
  return page;
}
