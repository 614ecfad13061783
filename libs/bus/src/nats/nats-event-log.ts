import { setTimeout as pause } from "node:timers/promises";
import { committedSubject, Envelope, type LogEntry, timestamp } from "@loopgate/contracts";
import type { JetStreamClient, JetStreamManager, PubAck } from "@nats-io/jetstream";
import type { Msg, NatsConnection } from "@nats-io/transport-node";
import {
  type AppendOptions,
  type AppendResult,
  type ConsumerSpec,
  type EventLog,
  type Handler,
  type Subscription,
  type TailListener,
  Unavailable,
} from "../event-log.ts";
import { startConsumer } from "./nats-consumer.ts";
import { isLost, untilKnown } from "./nats-failures.ts";
import type { NatsBusOptions, natsDefaults } from "./nats-options.ts";
import { entryOf, streamOf } from "./stored-message.ts";

/** An open connection and how to use it. */
export type NatsParts = NatsBusOptions &
  Required<Pick<NatsBusOptions, keyof typeof natsDefaults>> & {
    readonly connection: NatsConnection;
    readonly js: JetStreamClient;
    readonly jsm: JetStreamManager;
  };

const ACK_TIMEOUT_MS = 2_000;
/** A winner that was just decided may need a moment until it can be read. */
const WINNER_TIMEOUT_MS = 2_000;
const LOOK_AGAIN_MS = 20;

/** The log on JetStream: the broker's compare-and-set decides, and correctness reads go to the stream's leader. */
export class NatsEventLog implements EventLog {
  readonly #parts: NatsParts;

  constructor(parts: NatsParts) {
    this.#parts = parts;
  }

  append(subject: string, event: Envelope, { first = false }: AppendOptions = {}): Promise<AppendResult> {
    const stream = streamOf(subject);
    return untilKnown(this.#parts.giveUpAfterMs, async () => {
      const ack = await this.#publish(stream, subject, event, first);
      if (ack === undefined) return this.#winner(subject, event);
      if (ack.duplicate) return this.#seenBefore(stream, subject, ack.seq);
      return { kind: "stored", entry: { seq: ack.seq, subject, storedAt: timestamp(), event } };
    });
  }

  async last(subject: string): Promise<LogEntry | undefined> {
    return this.#leaderRead(streamOf(subject), { last_by_subj: subject });
  }

  /** The leader says how new the set must be; the read of many subjects may be answered by a follower that lags. */
  async below(prefix: string): Promise<readonly LogEntry[]> {
    const everything = `${prefix}.>`;
    const stream = streamOf(everything);
    const newest = await this.last(everything);
    if (newest === undefined) return [];
    return untilKnown(this.#parts.giveUpAfterMs, () =>
      lookAgain(async () => {
        const entries: LogEntry[] = [];
        const found = await this.#parts.jsm.direct.getLastMessagesFor(stream, { multi_last: [everything] });
        for await (const message of found) entries.push(entryOf(message));
        return entries.some(({ seq }) => seq >= newest.seq)
          ? entries.sort((a, b) => a.seq - b.seq)
          : undefined;
      }),
    );
  }

  consume(consumer: ConsumerSpec, handle: Handler): Promise<Subscription> {
    return startConsumer({ ...this.#parts, log: this }, consumer, handle);
  }

  /** Only what the stream repeats after storing it: its own subjects would also carry events that lost. */
  async tail(filters: readonly string[], listener: TailListener): Promise<Subscription> {
    const { connection } = this.#parts;
    const subscriptions = filters.map((filter) =>
      connection.subscribe(repeatedSubject(filter), {
        callback: (error, message) => {
          if (error === null) deliverTo(listener, message);
        },
      }),
    );
    const stop = new AbortController();
    void reportGaps(connection, listener, stop.signal);
    await connection.flush();
    return {
      [Symbol.asyncDispose]: async () => {
        stop.abort();
        for (const subscription of subscriptions) subscription.unsubscribe();
      },
    };
  }

  /** The server's acknowledgement; undefined if another event was first. */
  async #publish(
    stream: string,
    subject: string,
    event: Envelope,
    first: boolean,
  ): Promise<PubAck | undefined> {
    try {
      return await this.#parts.js.publish(subject, JSON.stringify(event), {
        msgID: event.id,
        timeout: ACK_TIMEOUT_MS,
        expect: { streamName: stream, ...(first ? { lastSubjectSequence: 0 } : {}) },
      });
    } catch (error) {
      if (isLost(error)) return undefined;
      throw error;
    }
  }

  /** Losing may mean that one's own earlier try won: whose event stands is told by its id. */
  async #winner(subject: string, event: Envelope): Promise<AppendResult> {
    const winner = await lookAgain(() => this.last(subject));
    return winner.event.id === event.id ? { kind: "stored", entry: winner } : { kind: "lost", winner };
  }

  /** The broker knows ids over the whole stream: the event that bears this one must be on our subject. */
  async #seenBefore(stream: string, subject: string, seq: number): Promise<AppendResult> {
    const entry = await lookAgain(() => this.#leaderRead(stream, { seq }));
    if (entry.subject !== subject)
      throw new TypeError("an event's id must contain the identity of its subject");
    return { kind: "stored", entry };
  }

  #leaderRead(
    stream: string,
    query: { last_by_subj: string } | { seq: number },
  ): Promise<LogEntry | undefined> {
    const { jsm, giveUpAfterMs } = this.#parts;
    return untilKnown(giveUpAfterMs, async () => {
      const message = await jsm.streams.getMessage(stream, query);
      return message === null ? undefined : entryOf(message);
    });
  }
}

/** Looks until there is something to see, for 2 s. */
async function lookAgain<Seen>(look: () => Promise<Seen | undefined>): Promise<Seen> {
  const deadline = Date.now() + WINNER_TIMEOUT_MS;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (Date.now() > deadline) throw new Unavailable("what the log must hold can't be read yet");
    await pause(LOOK_AGAIN_MS);
  }
}

function repeatedSubject(filter: string): string {
  const repeated = committedSubject(filter);
  if (repeated === filter) throw new TypeError("only events of requests have a live tail");
  return repeated;
}

/** A listener that throws harms nobody else. */
function deliverTo(listener: TailListener, message: Msg): void {
  const { headers } = message;
  const time = headers?.get("Nats-Time-Stamp");
  const event = Envelope.safeParse(message.json());
  if (headers === undefined || time === undefined || !event.success) return;
  const subject = headers.get("Nats-Subject");
  const seq = Number(headers.get("Nats-Sequence"));
  try {
    listener.onEntry({ subject, seq, storedAt: timestamp(new Date(time)), event: event.data });
  } catch {
    listener.onGap();
  }
}

async function reportGaps(
  connection: NatsConnection,
  listener: TailListener,
  signal: AbortSignal,
): Promise<void> {
  for await (const { type } of connection.status()) {
    if (signal.aborted) return;
    if (type === "reconnect" || type === "slowConsumer") listener.onGap();
  }
}
