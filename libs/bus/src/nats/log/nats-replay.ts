import { AckPolicy, type Consumer, DeliverPolicy, type JsMsg } from "@nats-io/jetstream";
import { nanos } from "@nats-io/transport-node";
import { type ReplayPage, Unavailable } from "../../event-log.ts";
import type { NatsParts } from "../connection/nats-parts.ts";
import { type RetryPolicy, retryUnknownOutcome } from "../connection/failures.ts";
import { readEntry, streamOf } from "./stored-message.ts";

type ReplayParts = Pick<NatsParts, "js" | "jsm"> & RetryPolicy;

const PAGE = 2_000;

/** A pull that brings nothing for so long is given up, and a new reader tries. So often. */
const PULL_MS = 2_000;
const MAX_FRUITLESS = 5;

/** The broker forgets a reader that is gone after this long. */
const FORGET_READER_MS = 60_000;

interface Reader {
  readonly consumer: Consumer;
  /** How many messages it has handed out: a number that is skipped was lost on its way. */
  delivered: number;
}

/** Reads up to what the leader calls newest when this begins; a server that lags behind it is asked again. */
export async function* replay(parts: ReplayParts, filter: string): AsyncGenerator<ReplayPage> {
  const end = await newestOf(parts, filter);
  let position = 0;
  let reader: Reader | undefined;
  let fruitless = 0;
  try {
    while (position < end) {
      reader ??= await readerBehind(position, parts, filter);
      // A reader that fails is gone, with its server or by itself: a new one goes on.
      const messages = await pageOf(reader, end).catch(() => []);
      const last = messages.at(-1);
      if (last !== undefined) {
        [position, fruitless] = [last.seq, 0];
        yield {
          entries: messages.flatMap((message) => readEntry(message) ?? []),
          remaining: Math.max(0, end - position),
        };
        continue;
      }
      reader = undefined;
      if ((await newestOf(parts, filter)) <= position) return;
      if (++fruitless === MAX_FRUITLESS) throw new Unavailable("NATS does not hand out what it holds");
    }
  } finally {
    await reader?.consumer.delete().catch(() => undefined);
  }
}

/** The sequence of the newest message that matches, by the leader; 0 if there is none. */
async function newestOf(parts: ReplayParts, filter: string): Promise<number> {
  const query = { last_by_subj: filter };
  const newest = await retryUnknownOutcome(parts, () =>
    parts.jsm.streams.getMessage(streamOf(filter), query),
  );
  return newest?.seq ?? 0;
}

function readerBehind(seq: number, parts: ReplayParts, filter: string): Promise<Reader> {
  const { js, jsm } = parts;
  const stream = streamOf(filter);
  return retryUnknownOutcome(parts, async () => {
    const { name } = await jsm.consumers.add(stream, {
      filter_subject: filter,
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: seq + 1,
      inactive_threshold: nanos(FORGET_READER_MS),
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
