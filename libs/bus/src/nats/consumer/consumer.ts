import { backOff, sleep, withTimeout } from "@loopgate/async";
import type { LogEntry } from "@loopgate/contracts";
import type { Consumer, JsMsg } from "@nats-io/jetstream";
import { LRUCache } from "lru-cache";
import type { BusObserver } from "../../bus-observer.ts";
import { consumerDefaults } from "../../consumer-defaults.ts";
import { nameOf, storeDeadLetter } from "../../dead-letters.ts";
import {
  type ConsumerSpec,
  type EventLog,
  type Handler,
  Unavailable,
  type Verdict,
} from "../../event-log.ts";
import type { NatsBusOptions } from "../connection/bus-options.ts";
import type { NatsClient } from "../connection/connect.ts";
import { retryUnknownOutcome, type RetryPolicy } from "../connection/retry.ts";
import { readEntry } from "../log/stored-message.ts";
import { onlyStreamOf } from "../stream-names.ts";
import { durableConsumer } from "./durable.ts";

export type ConsumerTimings = Required<Pick<NatsBusOptions, "backOffMs" | "ackWaitMs" | "stalledAfterMs">>;

interface NatsConsumerOptions {
  readonly client: NatsClient;
  readonly retry: RetryPolicy;
  readonly timings: ConsumerTimings;
  readonly observer: BusObserver | undefined;
  readonly deadLetterLog: Pick<EventLog, "append">;
  readonly spec: ConsumerSpec;
  readonly handle: Handler;
}

/** A pull without entries is renewed after this long, in milliseconds. */
const PULL_MS = 10_000;

/** A pull is given up when two heartbeats of the server are missing: a leader that dies forgets the pull. */
const HEARTBEAT_MS = 2_500;

/** The pause before a failed pull is retried, in milliseconds. */
const RECOVER_MS = 500;

/** How many entries have their failures remembered: this process never learns that another one has handled an entry. */
const MAX_REMEMBERED = 10_000;

/** Handles what a durable pull consumer of the server delivers, sharing it with the other processes that pull. */
export class NatsConsumer {
  readonly #client: NatsClient;
  readonly #retry: RetryPolicy;
  readonly #timings: ConsumerTimings;
  readonly #observer: BusObserver | undefined;
  readonly #deadLetterLog: Pick<EventLog, "append">;
  readonly #spec: ConsumerSpec;
  readonly #handle: Handler;
  readonly #limit: number;
  readonly #maxAttempts: number;
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<void>>();
  /** Exceptions by sequence. The server's delivery count can't replace them: it includes postponed deliveries. */
  readonly #failures = new LRUCache<number, number>({ max: MAX_REMEMBERED });
  #failingSince: number | undefined;
  #endPull: (() => void) | undefined;
  #pulling: Promise<void> | undefined;

  private constructor(options: NatsConsumerOptions) {
    this.#client = options.client;
    this.#retry = options.retry;
    this.#timings = options.timings;
    this.#observer = options.observer;
    this.#deadLetterLog = options.deadLetterLog;
    this.#spec = options.spec;
    this.#handle = options.handle;
    const { maxInFlight, maxAttempts } = { ...consumerDefaults, ...options.spec };
    this.#limit = maxInFlight;
    this.#maxAttempts = maxAttempts;
  }

  /** @throws Unavailable if the server does not answer or denies a permission. */
  static async start(options: NatsConsumerOptions): Promise<NatsConsumer> {
    const consumer = new NatsConsumer(options);
    const durable = await retryUnknownOutcome(options.retry, () => consumer.#durable());
    consumer.#pulling = consumer.#pull(durable);
    try {
      await consumer.#checkPermission(durable);
    } catch (error) {
      await consumer.stop();
      throw error;
    }
    return consumer;
  }

  #durable(): Promise<Consumer> {
    return durableConsumer(this.#client, this.#spec, this.#timings.ackWaitMs);
  }

  /** A denied pull has no reply, only an error on the connection, which arrives before the round trip of `flush` ends. */
  async #checkPermission(durable: Consumer): Promise<void> {
    const { connection, watch, apiPrefix } = this.#client;
    const { stream_name: stream, name } = await retryUnknownOutcome(this.#retry, async () => {
      await withTimeout(connection.flush(), this.#retry.giveUpAfterMs, () => undefined);
      return durable.info(true);
    });
    watch.checkPermission(`${apiPrefix}.CONSUMER.MSG.NEXT.${stream}.${name}`);
  }

  /** @throws Unavailable if this consumer has failed to read its stream for `stalledAfterMs`. */
  check(): void {
    const failingMs = performance.now() - (this.#failingSince ?? Infinity);
    if (failingMs < this.#timings.stalledAfterMs) return;
    const { name, filters } = this.#spec;
    throw new Unavailable(
      `the consumer ${name} can't read ${onlyStreamOf(filters)}: check that the stream exists; ` +
        "the bootstrap creates what is missing",
    );
  }

  /** Stops intake and waits for the running handlers. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#endPull?.();
    await this.#pulling;
    await Promise.all(this.#running);
  }

  /** Requests only as many entries as can be handled now: entries waiting in a local buffer would be redelivered. */
  async #pull(durable: Consumer): Promise<void> {
    let consumer: Consumer | undefined = durable;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      if (this.#running.size >= this.#limit) {
        await Promise.race(this.#running);
        continue;
      }
      try {
        consumer ??= await this.#durable();
        await this.#pullSome(consumer);
        this.#failingSince = undefined;
      } catch (error) {
        this.#failingSince ??= performance.now();
        if (!signal.aborted) this.#observer?.failed({ kind: "read", consumer: this.#spec.name }, error);
        // Either the server is away, or the consumer was deleted there: opening it anew handles both.
        consumer = undefined;
        await sleep(RECOVER_MS, signal);
      }
    }
  }

  async #pullSome(consumer: Consumer): Promise<void> {
    const free = this.#limit - this.#running.size;
    const messages = await consumer.fetch({
      max_messages: free,
      expires: PULL_MS,
      idle_heartbeat: HEARTBEAT_MS,
    });
    this.#endPull = () => messages.stop();
    if (this.#stop.signal.aborted) messages.stop();
    for await (const message of messages) this.#take(message);
  }

  /** A pull that outlives a reconnect starts again with its full count, so it may deliver more than there is room for. */
  #take(message: JsMsg): void {
    if (this.#stop.signal.aborted || this.#running.size >= this.#limit) {
      this.#endPull?.();
      return message.nak();
    }
    const run = this.#run(message).finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  async #run(message: JsMsg): Promise<void> {
    const entry = readEntry(message);
    if (entry === undefined) return message.term("not an event");
    const progress = setInterval(() => message.working(), this.#timings.ackWaitMs / 3);
    try {
      const verdict = await this.#verdictOn(entry, message.info.deliveryCount);
      await this.#settle(message, entry, verdict);
    } finally {
      clearInterval(progress);
    }
  }

  /** The handler's verdict, or the one that follows from its exception. After a stop the entry goes back at once. */
  async #verdictOn(entry: LogEntry, attempt: number): Promise<Verdict> {
    const { signal } = this.#stop;
    const failures = this.#failures.get(entry.seq) ?? 0;
    try {
      return await this.#handle({ entry, attempt, failures, signal });
    } catch (error) {
      if (signal.aborted) return { retryInMs: 0 };
      this.#reportFailure(attempt, error);
      if (error instanceof Unavailable) return { retryInMs: this.#backOff(attempt) };
      this.#failures.set(entry.seq, failures + 1);
      return failures + 1 >= this.#maxAttempts
        ? { deadLetter: nameOf(error) }
        : { retryInMs: this.#backOff(failures + 1) };
    }
  }

  async #settle(message: JsMsg, entry: LogEntry, verdict: Verdict): Promise<void> {
    if (typeof verdict === "object" && "retryInMs" in verdict) {
      return message.nak(Math.ceil(verdict.retryInMs));
    }
    if (verdict !== "done") return this.#giveUp(message, entry, verdict.deadLetter);
    this.#failures.delete(entry.seq);
    message.ack();
  }

  /** Stores the dead letter before it acknowledges the entry. */
  async #giveUp(message: JsMsg, entry: LogEntry, error: string): Promise<void> {
    const { name } = this.#spec;
    const attempt = message.info.deliveryCount;
    try {
      await storeDeadLetter(this.#deadLetterLog, { consumer: name, entry, attempts: attempt, error });
    } catch (cause) {
      this.#reportFailure(attempt, cause);
      return message.nak(Math.ceil(this.#backOff(attempt)));
    }
    this.#observer?.deadLettered(name, { event: entry.event.id, error });
    this.#failures.delete(entry.seq);
    message.ack();
  }

  #reportFailure(attempt: number, error: unknown): void {
    this.#observer?.failed({ kind: "handle", consumer: this.#spec.name, attempt }, error);
  }

  #backOff(attempt: number): number {
    return backOff(this.#timings.backOffMs, attempt);
  }
}
