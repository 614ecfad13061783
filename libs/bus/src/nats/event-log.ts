import { type Envelope, type LogEntry, streams } from "@loopgate/contracts";
import type { PubAck } from "@nats-io/jetstream";
import type { BusObserver } from "../bus-observer.ts";
import {
  type AppendOptions,
  type AppendResult,
  type ConsumerSpec,
  type Consumption,
  type EventLog,
  type FollowedPage,
  type FollowOptions,
  type Handler,
  LogFull,
  type ReplayPage,
  type Subscription,
  type TailListener,
} from "../event-log.ts";
import { follow } from "../follow.ts";
import { idOfForeignMessage, type Storable, storable, tooLarge, wrongSubject } from "../rejected.ts";
import { CALL_TIMEOUT_MS } from "./connection/bus-options.ts";
import type { NatsClient } from "./connection/connect.ts";
import { isLost, isTooLarge } from "./connection/errors.ts";
import { retryUnknownOutcome, type RetryPolicy } from "./connection/retry.ts";
import { type ConsumerTimings, NatsConsumer } from "./consumer/consumer.ts";
import { backlogOf, catchUpOf } from "./consumer/durable.ts";
import { LogCapacity } from "./log/capacity.ts";
import { pageAfter } from "./log/page-after.ts";
import { type Newest, newestBelow, newestOn, retryUntilVisible } from "./log/reader.ts";
import { replay } from "./log/replay.ts";
import { type RoomMaker, withRoom } from "./log/reserve.ts";
import { readEntry } from "./log/stored-message.ts";
import { StoringWatch } from "./log/storing-watch.ts";
import { NatsTails } from "./log/tails.ts";
import { streamOf } from "./stream-names.ts";

interface NatsEventLogOptions {
  readonly client: NatsClient;
  readonly retry: RetryPolicy;
  readonly timings: ConsumerTimings;
  readonly observer: BusObserver | undefined;
  readonly room: RoomMaker | undefined;
}

/** The log on JetStream. The server's compare-and-set decides races; reads that must be current go to the leader. */
export class NatsEventLog implements EventLog {
  readonly #client: NatsClient;
  readonly #retry: RetryPolicy;
  readonly #timings: ConsumerTimings;
  readonly #observer: BusObserver | undefined;
  readonly #tails: NatsTails;
  readonly #capacity: LogCapacity;
  readonly #room: RoomMaker | undefined;
  readonly #storing = new StoringWatch();
  readonly #consumers = new Set<NatsConsumer>();
  readonly #closed = new AbortController();

  constructor({ client, retry, timings, observer, room }: NatsEventLogOptions) {
    this.#client = client;
    this.#retry = retry;
    this.#timings = timings;
    this.#observer = observer;
    this.#capacity = new LogCapacity(client.jsm);
    this.#room = room;
    this.#tails = new NatsTails(client);
  }

  async append(
    subject: string,
    event: Envelope,
    { first = false, reserveHeadroom = false }: AppendOptions = {},
  ): Promise<AppendResult> {
    const parsed = storable(event);
    const append = () =>
      this.#storing.follow(() =>
        this.#retryUnknownOutcome(() => this.#append(subject, parsed, first ? 0 : undefined)),
      );
    if (!reserveHeadroom) return withRoom(this.#room, append);
    const rejection = await this.#rejectionOf(parsed.text);
    if (rejection !== undefined) return this.#reportOrReject(subject, parsed.event, { first, rejection });
    try {
      return await append();
    } catch (error) {
      if (error instanceof LogFull) this.#capacity.reportFull();
      throw error;
    }
  }

  /** @throws LogFull while questions are rejected; Unavailable if the server answers reads and stores nothing. */
  async checkRoom(): Promise<void> {
    this.#storing.check();
    const rejection = await retryUnknownOutcome({ giveUpAfterMs: 0 }, () => this.#capacity.rejection());
    if (rejection !== undefined) throw new LogFull(rejection);
  }

  async last(subject: string): Promise<LogEntry | undefined> {
    return (await this.#retryUnknownOutcome(() => newestOn(this.#client.jsm, subject)))?.entry;
  }

  newest(prefix: string): Promise<LogEntry | undefined> {
    return this.last(`${prefix}.>`);
  }

  below(prefix: string, atLeast?: number): Promise<readonly LogEntry[]> {
    return this.#retryUnknownOutcome(() => newestBelow(this.#client, prefix, atLeast));
  }

  async consume(spec: ConsumerSpec, handle: Handler): Promise<Consumption> {
    const consumer = await this.#startConsumer(spec, handle);
    const { jsm } = this.#client;
    const observed = this.#observer?.consumes(spec.name, () => backlogOf(jsm, spec));
    return {
      waitForCatchUp: catchUpOf(jsm, spec, (call) => this.#retryUnknownOutcome(call)),
      [Symbol.asyncDispose]: async () => {
        observed?.[Symbol.dispose]();
        await consumer.stop();
        this.#consumers.delete(consumer);
      },
    };
  }

  replay(filter: string): AsyncIterable<ReplayPage> {
    return replay({ client: this.#client, retry: this.#retry, filter });
  }

  tail(filters: readonly string[], listener: TailListener): Promise<Subscription> {
    return this.#tails.add(filters, listener);
  }

  async head(): Promise<number> {
    const { state } = await this.#retryUnknownOutcome(() =>
      this.#client.jsm.streams.info(streams.requests.name),
    );
    return state.last_seq;
  }

  follow(options: FollowOptions): AsyncIterable<FollowedPage> {
    const read = (after: number) => this.#retryUnknownOutcome(() => pageAfter(this.#client, after));
    return follow({ log: this, read, closed: this.#closed.signal }, options);
  }

  /** @throws Unavailable that names a consumer which has failed to read its stream for `stalledAfterMs`. */
  check(): void {
    for (const consumer of this.#consumers) consumer.check();
  }

  /** Ends what follows the log, stops the intake of every consumer, and waits for the running handlers. */
  async stop(): Promise<void> {
    this.#closed.abort();
    await Promise.all([...this.#consumers].map((consumer) => consumer.stop()));
  }

  async #startConsumer(spec: ConsumerSpec, handle: Handler): Promise<NatsConsumer> {
    const consumer = await NatsConsumer.start({
      client: this.#client,
      retry: this.#retry,
      timings: this.#timings,
      observer: this.#observer,
      deadLetterLog: this,
      spec,
      handle,
    });
    this.#consumers.add(consumer);
    return consumer;
  }

  /**
   * A lost race may have been won by an earlier attempt of this same append, and a duplicate only means that the id was
   * seen: in both cases the stored entry tells. If the subject holds no event, only other messages, the event can still
   * be first.
   */
  async #append(subject: string, parsed: Storable, expected: number | undefined): Promise<AppendResult> {
    const { event, known } = parsed;
    const ack = await this.#publish(subject, parsed, expected);
    if (ack?.duplicate === false) return { kind: "stored", entry: { seq: ack.seq, subject, event, known } };
    const stored = ack === undefined ? await this.#winnerOn(subject) : await this.#duplicateOf(ack);
    if (stored.entry === undefined) return this.#append(subject, parsed, stored.seq);
    if (stored.entry.subject !== subject) throw wrongSubject();
    return resultFor(event, stored.entry);
  }

  #rejectionOf({ length }: string): Promise<string | undefined> {
    return this.#retryUnknownOutcome(() => this.#capacity.rejectionOf(length));
  }

  /** Without headroom, a stored event is still reported: a retry must not be told that nothing was stored. */
  async #reportOrReject(
    subject: string,
    event: Envelope,
    { first, rejection }: { readonly first: boolean; readonly rejection: string },
  ): Promise<AppendResult> {
    const stored = first ? await this.last(subject) : undefined;
    if (stored === undefined) throw new LogFull(rejection);
    return resultFor(event, stored);
  }

  /** The server's acknowledgement; undefined if another event was first. */
  async #publish(
    subject: string,
    { event, text }: Storable,
    expected: number | undefined,
  ): Promise<PubAck | undefined> {
    try {
      return await this.#client.js.publish(subject, text, {
        msgID: event.id,
        timeout: CALL_TIMEOUT_MS,
        expect: {
          streamName: streamOf(subject),
          ...(expected === undefined ? {} : { lastSubjectSequence: expected }),
        },
      });
    } catch (error) {
      if (isLost(error)) return undefined;
      throw isTooLarge(error) ? tooLarge(error, this.#client.connection.info?.max_payload) : error;
    }
  }

  #winnerOn(subject: string): Promise<Newest> {
    return retryUntilVisible(() => newestOn(this.#client.jsm, subject));
  }

  /** The stored message that made the server report a duplicate. The server compares ids only. */
  async #duplicateOf({ stream, seq }: PubAck): Promise<Newest> {
    const message = await retryUntilVisible(
      async () => (await this.#client.jsm.streams.getMessage(stream, { seq })) ?? undefined,
    );
    const entry = readEntry(message);
    if (entry === undefined) throw idOfForeignMessage();
    return { seq, entry };
  }

  #retryUnknownOutcome<Result>(call: () => Promise<Result>): Promise<Result> {
    return retryUnknownOutcome(this.#retry, call, this.#observer);
  }
}

const resultFor = (event: Envelope, stored: LogEntry): AppendResult =>
  stored.event.id === event.id ? { kind: "stored", entry: stored } : { kind: "lost", winner: stored };
