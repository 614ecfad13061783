import { setTimeout as pause } from "node:timers/promises";
import { Envelope, type LogEntry } from "@loopgate/contracts";
import type { JetStreamClient, JetStreamManager, PubAck } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import {
  type AppendOptions,
  type AppendResult,
  type ConsumerSpec,
  type EventLog,
  type Handler,
  type ReplayPage,
  type Subscription,
  type TailListener,
  Unavailable,
} from "../event-log.ts";
import type { ConnectionWatch } from "./connection-watch.ts";
import { backlogOf } from "./consumer-backlog.ts";
import { NatsConsumer } from "./nats-consumer.ts";
import { isLost, untilKnown } from "./nats-failures.ts";
import { CALL_TIMEOUT_MS, type NatsBusOptions, type natsDefaults } from "./nats-options.ts";
import { replay } from "./nats-replay.ts";
import { NatsTails } from "./nats-tails.ts";
import { entryOf, streamOf } from "./stored-message.ts";

/** An open connection and how to use it. */
export type NatsParts = NatsBusOptions &
  Required<Pick<NatsBusOptions, keyof typeof natsDefaults>> & {
    readonly connection: NatsConnection;
    readonly watch: ConnectionWatch;
    readonly js: JetStreamClient;
    readonly jsm: JetStreamManager;
  };

type LeaderQuery = { readonly last_by_subj: string } | { readonly seq: number };

/** What was just stored or decided may need a moment until it can be read. */
const SETTLE_TIMEOUT_MS = 2_000;
const LOOK_AGAIN_MS = 20;

/** The log on JetStream: the broker's compare-and-set decides, and correctness reads go to the stream's leader. */
export class NatsEventLog implements EventLog {
  readonly #parts: NatsParts;
  readonly #tails: NatsTails;
  readonly #consumers = new Set<NatsConsumer>();

  constructor(parts: NatsParts) {
    this.#parts = parts;
    this.#tails = new NatsTails(parts.connection, parts.observer);
  }

  /** Losing may mean that one's own earlier try won, and a duplicate only that the id was seen: what stands is read. */
  async append(
    subject: string,
    event: Envelope,
    { first = false }: AppendOptions = {},
  ): Promise<AppendResult> {
    const stream = streamOf(subject);
    const envelope = Envelope.parse(event);
    return this.#untilKnown(async () => {
      const ack = await this.#publish(stream, subject, envelope, first);
      if (ack?.duplicate === false) {
        return { kind: "stored", entry: { seq: ack.seq, subject, event: envelope } };
      }
      const query = ack === undefined ? { last_by_subj: subject } : { seq: ack.seq };
      const standing = await lookAgain(() => this.#leaderRead(stream, query));
      if (standing.subject !== subject) {
        throw new TypeError("an event's id must contain the identity of its subject");
      }
      return standing.event.id === event.id
        ? { kind: "stored", entry: standing }
        : { kind: "lost", winner: standing };
    });
  }

  async last(subject: string): Promise<LogEntry | undefined> {
    const stream = streamOf(subject);
    return this.#untilKnown(() => this.#leaderRead(stream, { last_by_subj: subject }));
  }

  /** The leader says how new the set must be; the read of many subjects may be answered by a follower that lags. */
  async below(prefix: string): Promise<readonly LogEntry[]> {
    const everything = `${prefix}.>`;
    const stream = streamOf(everything);
    return this.#untilKnown(async () => {
      const newest = await this.#leaderRead(stream, { last_by_subj: everything });
      if (newest === undefined) return [];
      return lookAgain(async () => {
        const entries = await this.#newestOfEach(stream, everything);
        return entries.some(({ seq }) => seq >= newest.seq) ? entries : undefined;
      });
    });
  }

  async consume(spec: ConsumerSpec, handle: Handler): Promise<Subscription> {
    const consumer = await NatsConsumer.start({ ...this.#parts, log: this }, spec, handle);
    this.#consumers.add(consumer);
    const { jsm, observer } = this.#parts;
    const observed = observer?.consumes(spec.name, () => backlogOf(jsm, spec));
    return {
      [Symbol.asyncDispose]: async () => {
        observed?.[Symbol.dispose]();
        await consumer.stop();
        this.#consumers.delete(consumer);
      },
    };
  }

  replay(filter: string): AsyncIterable<ReplayPage> {
    return replay(this.#parts, filter);
  }

  tail(filters: readonly string[], listener: TailListener): Promise<Subscription> {
    return this.#tails.add(filters, listener);
  }

  /** Stops the intake of every consumer and waits for what its handlers still do. */
  async stop(): Promise<void> {
    await Promise.all([...this.#consumers].map((consumer) => consumer.stop()));
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
        timeout: CALL_TIMEOUT_MS,
        expect: { streamName: stream, ...(first ? { lastSubjectSequence: 0 } : {}) },
      });
    } catch (error) {
      if (isLost(error)) return undefined;
      throw error;
    }
  }

  async #leaderRead(stream: string, query: LeaderQuery): Promise<LogEntry | undefined> {
    const message = await this.#parts.jsm.streams.getMessage(stream, query);
    return message === null ? undefined : entryOf(message);
  }

  async #newestOfEach(stream: string, filter: string): Promise<readonly LogEntry[]> {
    const entries: LogEntry[] = [];
    const found = await this.#parts.jsm.direct.getLastMessagesFor(stream, { multi_last: [filter] });
    for await (const message of found) entries.push(entryOf(message));
    return entries.sort((a, b) => a.seq - b.seq);
  }

  #untilKnown<Result>(call: () => Promise<Result>): Promise<Result> {
    return untilKnown(this.#parts.giveUpAfterMs, call, this.#parts.observer);
  }
}

/** Looks until there is something to see, for 2 s. */
async function lookAgain<Seen>(look: () => Promise<Seen | undefined>): Promise<Seen> {
  const deadline = Date.now() + SETTLE_TIMEOUT_MS;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (Date.now() > deadline) throw new Unavailable("what the log must hold can't be read yet");
    await pause(LOOK_AGAIN_MS);
  }
}
