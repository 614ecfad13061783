import { deadLetterSubject, type LogEntry } from "@loopgate/contracts";
import { AckPolicy, type Consumer, DeliverPolicy, type JsMsg } from "@nats-io/jetstream";
import { nanos } from "@nats-io/transport-node";
import { deadLetter, nameOf } from "../dead-letter.ts";
import {
  type ConsumerSpec,
  type EventLog,
  type Handler,
  type Subscription,
  Unavailable,
  type Verdict,
} from "../event-log.ts";
import type { NatsParts } from "./nats-event-log.ts";
import { apiCodeOf, apiCodes, untilKnown } from "./nats-failures.ts";
import { entryOf, streamOf } from "./stored-message.ts";

type ConsumerParts = NatsParts & { readonly log: EventLog };

/** A pull is asked for again after this long without entries. */
const PULL_MS = 10_000;
const MAX_ACK_PENDING = 20_000;

/** Starts to handle what a durable pull consumer delivers, and joins others that do the same. */
export async function startConsumer(
  parts: ConsumerParts,
  spec: ConsumerSpec,
  handle: Handler,
): Promise<Subscription> {
  const consumer = await untilKnown(parts.giveUpAfterMs, () => durableConsumer(parts, spec));
  const work = new ConsumerWork(parts, spec, handle);
  const pulling = work.pull(consumer);
  return {
    [Symbol.asyncDispose]: async () => {
      await work.stop();
      await pulling;
    },
  };
}

async function durableConsumer(
  { js, jsm, ackWaitMs }: ConsumerParts,
  { name, filters }: ConsumerSpec,
): Promise<Consumer> {
  const [stream = ""] = new Set(filters.map(streamOf));
  const config = {
    filter_subjects: [...filters],
    ack_wait: nanos(ackWaitMs),
    max_deliver: -1,
    max_ack_pending: MAX_ACK_PENDING,
  };
  const fixed = { durable_name: name, ack_policy: AckPolicy.Explicit, deliver_policy: DeliverPolicy.All };
  try {
    await jsm.consumers.add(stream, { ...fixed, ...config });
  } catch (error) {
    if (apiCodeOf(error) !== apiCodes.consumerExists) throw error;
    await jsm.consumers.update(stream, name, config);
  }
  return js.consumers.get(stream, name);
}

class ConsumerWork {
  readonly #parts: ConsumerParts;
  readonly #spec: ConsumerSpec;
  readonly #handle: Handler;
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<void>>();
  /** Exceptions by sequence: the broker counts deliveries, and being put off is no failure. A restart forgives. */
  readonly #failures = new Map<number, number>();
  #endPull: (() => void) | undefined;

  constructor(parts: ConsumerParts, spec: ConsumerSpec, handle: Handler) {
    this.#parts = parts;
    this.#spec = spec;
    this.#handle = handle;
  }

  /** Asks for as many entries as can be handled now: what waits in a buffer here would be delivered again. */
  async pull(consumer: Consumer): Promise<void> {
    const { maxInFlight = 64 } = this.#spec;
    while (!this.#stop.signal.aborted) {
      const free = maxInFlight - this.#running.size;
      if (free === 0) await Promise.race(this.#running);
      else await this.#pullSome(consumer, free).catch(() => this.#pause());
    }
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#endPull?.();
    await Promise.all(this.#running);
  }

  async #pullSome(consumer: Consumer, count: number): Promise<void> {
    const messages = await consumer.fetch({ max_messages: count, expires: PULL_MS });
    this.#endPull = () => messages.stop();
    if (this.#stop.signal.aborted) messages.stop();
    for await (const message of messages) {
      const run = this.#run(message).finally(() => this.#running.delete(run));
      this.#running.add(run);
    }
  }

  /** The connection is away: its client reconnects, and the next pull finds it there or not. */
  async #pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, 500);
    this.#stop.signal.addEventListener("abort", () => resolve());
    await promise;
    clearTimeout(timer);
  }

  async #run(message: JsMsg): Promise<void> {
    const entry = readEntry(message);
    if (entry === undefined) return message.term();
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
    try {
      return await this.#handle({ entry, attempt, signal });
    } catch (error) {
      if (signal.aborted) return { retryInMs: 0 };
      if (error instanceof Unavailable) return { retryInMs: this.#backOff(attempt) };
      const { maxAttempts = 5 } = this.#spec;
      const failures = (this.#failures.get(entry.seq) ?? 0) + 1;
      this.#failures.set(entry.seq, failures);
      return failures >= maxAttempts ? { deadLetter: nameOf(error) } : { retryInMs: this.#backOff(failures) };
    }
  }

  async #settle(message: JsMsg, entry: LogEntry, verdict: Verdict): Promise<void> {
    if (typeof verdict === "object" && "retryInMs" in verdict)
      return message.nak(Math.ceil(verdict.retryInMs));
    if (verdict !== "done") return this.#bury(message, entry, verdict.deadLetter);
    this.#failures.delete(entry.seq);
    message.ack();
  }

  /** A dead letter is stored before its entry is acknowledged. */
  async #bury(message: JsMsg, entry: LogEntry, error: string): Promise<void> {
    const { name } = this.#spec;
    const attempt = message.info.deliveryCount;
    try {
      await this.#parts.log.append(deadLetterSubject(name), deadLetter(name, entry, attempt, error));
      this.#failures.delete(entry.seq);
      message.ack();
    } catch {
      message.nak(Math.ceil(this.#backOff(attempt)));
    }
  }

  #backOff(attempt: number): number {
    const { backOffMs } = this.#parts;
    const wait = backOffMs[Math.min(attempt, backOffMs.length) - 1] ?? 0;
    return wait * (0.75 + Math.random() / 2);
  }
}

/** Undefined for what is no event: no process of ours stored it, and none can handle it. */
function readEntry(message: JsMsg): LogEntry | undefined {
  const { subject, seq, timestampNanos } = message;
  const time = new Date(Number(timestampNanos / 1_000_000n));
  try {
    return entryOf({ subject, seq, time, json: () => message.json() });
  } catch {
    return undefined;
  }
}
