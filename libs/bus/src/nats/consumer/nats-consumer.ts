import { deadLetterEvent, deadLetterSubject, type LogEntry } from "@loopgate/contracts";
import type { Consumer, JsMsg } from "@nats-io/jetstream";
import { consumerDefaults } from "../../consumer-defaults.ts";
import { nameOf } from "../../dead-letter.ts";
import {
  type ConsumerSpec,
  type EventLog,
  type Handler,
  Unavailable,
  type Verdict,
} from "../../event-log.ts";
import { durableConsumer } from "./durable-consumer.ts";
import type { NatsParts } from "../connection/nats-parts.ts";
import { retryUnknownOutcome } from "../connection/failures.ts";
import { onlyStreamOf, readEntry } from "../log/stored-message.ts";
import { backOff, sleep, withTimeout } from "@loopgate/async";

type ConsumerParts = NatsParts & { readonly log: EventLog };

/** A pull is asked for again after this long without entries. */
const PULL_MS = 10_000;

/** A pull is given up when two of the broker's signs of life are missing: a leader that dies forgets it. */
const SIGN_OF_LIFE_MS = 2_500;

/** How soon a pull that failed is tried again. */
const RECOVER_MS = 500;

/** Failures are remembered for so many entries: those that end well in another process are never heard of again. */
const MAX_REMEMBERED = 10_000;

/** Handles what a durable pull consumer of the broker delivers, beside others that do the same. */
export class NatsConsumer {
  readonly #parts: ConsumerParts;
  readonly #spec: ConsumerSpec;
  readonly #handle: Handler;
  readonly #limit: number;
  readonly #maxAttempts: number;
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<void>>();
  /** Exceptions by sequence: the broker counts deliveries, and being put off is no failure. A restart forgives. */
  readonly #failures = new Map<number, number>();
  #failingSince: number | undefined;
  #endPull: (() => void) | undefined;
  #pulling: Promise<void> | undefined;

  private constructor(parts: ConsumerParts, spec: ConsumerSpec, handle: Handler) {
    this.#parts = parts;
    this.#spec = spec;
    this.#handle = handle;
    const { maxInFlight, maxAttempts } = { ...consumerDefaults, ...spec };
    this.#limit = maxInFlight;
    this.#maxAttempts = maxAttempts;
  }

  /** @throws Unavailable when the broker does not answer. */
  static async start(parts: ConsumerParts, spec: ConsumerSpec, handle: Handler): Promise<NatsConsumer> {
    const durable = await retryUnknownOutcome(parts, () => durableConsumer(parts, spec));
    const consumer = new NatsConsumer(parts, spec, handle);
    consumer.#pulling = consumer.#pull(durable);
    try {
      await consumer.#checkPermission(durable);
    } catch (error) {
      await consumer.stop();
      throw error;
    }
    return consumer;
  }

  /** A pull that the server refuses has no answer, only an error on the connection, which arrives before this round trip ends. */
  async #checkPermission(durable: Consumer): Promise<void> {
    const { connection, watch, giveUpAfterMs } = this.#parts;
    const { stream_name: stream, name } = await durable.info(true);
    await withTimeout(connection.flush(), giveUpAfterMs, () => undefined);
    watch.checkPermission(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${name}`);
  }

  /** @throws Unavailable if this consumer could not read its stream for a while. */
  check(): void {
    const failingMs = performance.now() - (this.#failingSince ?? Infinity);
    if (failingMs < this.#parts.stalledAfterMs) return;
    const { name, filters } = this.#spec;
    throw new Unavailable(
      `the consumer ${name} can't read ${onlyStreamOf(filters)}: see whether that stands, ` +
        "and run the bootstrap, which creates what is missing",
    );
  }

  /** Stops intake and waits for the handlers that run. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#endPull?.();
    await this.#pulling;
    await Promise.all(this.#running);
  }

  /** Asks for as many entries as can be handled now: what waits in a buffer here would be delivered again. */
  async #pull(durable: Consumer): Promise<void> {
    let consumer: Consumer | undefined = durable;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      if (this.#running.size >= this.#limit) {
        await Promise.race(this.#running);
        continue;
      }
      try {
        consumer ??= await durableConsumer(this.#parts, this.#spec);
        await this.#pullSome(consumer);
        this.#failingSince = undefined;
      } catch (error) {
        this.#failingSince ??= performance.now();
        if (!signal.aborted) this.#parts.observer?.failed({ kind: "read", consumer: this.#spec.name }, error);
        // The broker is away, or somebody deleted the consumer there: both are healed by asking for it anew.
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
      idle_heartbeat: SIGN_OF_LIFE_MS,
    });
    this.#endPull = () => messages.stop();
    if (this.#stop.signal.aborted) messages.stop();
    for await (const message of messages) this.#take(message);
  }

  /** A pull that outlives a reconnect starts again from its full number, so that more may come than there is room for. */
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
    const alive = setInterval(() => message.working(), this.#parts.ackWaitMs / 3);
    try {
      const verdict = await this.#verdictOn(entry, message.info.deliveryCount);
      await this.#settle(message, entry, verdict);
    } finally {
      clearInterval(alive);
    }
  }

  /** What became of the entry; one whose handler was stopped goes back at once. */
  async #verdictOn(entry: LogEntry, attempt: number): Promise<Verdict> {
    const { signal } = this.#stop;
    const failures = this.#failures.get(entry.seq) ?? 0;
    try {
      return await this.#handle({ entry, attempt, failures, signal });
    } catch (error) {
      if (signal.aborted) return { retryInMs: 0 };
      this.#tellOfFailure(attempt, error);
      if (error instanceof Unavailable) return { retryInMs: this.#backOff(attempt) };
      this.#upsert(entry.seq, failures + 1);
      return failures + 1 >= this.#maxAttempts
        ? { deadLetter: nameOf(error) }
        : { retryInMs: this.#backOff(failures + 1) };
    }
  }

  #upsert(seq: number, failures: number): void {
    this.#failures.delete(seq);
    this.#failures.set(seq, failures);
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > MAX_REMEMBERED && oldest !== undefined) this.#failures.delete(oldest);
  }

  async #settle(message: JsMsg, entry: LogEntry, verdict: Verdict): Promise<void> {
    if (typeof verdict === "object" && "retryInMs" in verdict) {
      return message.nak(Math.ceil(verdict.retryInMs));
    }
    if (verdict !== "done") return this.#bury(message, entry, verdict.deadLetter);
    this.#failures.delete(entry.seq);
    message.ack();
  }

  /** A dead letter is stored before its entry is acknowledged. */
  async #bury(message: JsMsg, entry: LogEntry, error: string): Promise<void> {
    const { name } = this.#spec;
    const attempt = message.info.deliveryCount;
    try {
      await this.#parts.log.append(deadLetterSubject(name), deadLetterEvent(name, entry, attempt, error));
    } catch (cause) {
      this.#tellOfFailure(attempt, cause);
      return message.nak(Math.ceil(this.#backOff(attempt)));
    }
    this.#parts.observer?.deadLettered(name);
    this.#failures.delete(entry.seq);
    message.ack();
  }

  #tellOfFailure(attempt: number, error: unknown): void {
    this.#parts.observer?.failed({ kind: "handle", consumer: this.#spec.name, attempt }, error);
  }

  #backOff(attempt: number): number {
    return backOff(this.#parts.backOffMs, attempt);
  }
}
