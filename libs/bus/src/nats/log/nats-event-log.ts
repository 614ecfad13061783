import { type Envelope, parseEvent, type LogEntry } from "@loopgate/contracts";
import type { PubAck } from "@nats-io/jetstream";
import {
  type AppendOptions,
  type AppendResult,
  type ConsumerSpec,
  type Consumption,
  type EventLog,
  type Handler,
  LogFull,
  type ReplayPage,
  type Subscription,
  type TailListener,
} from "../../event-log.ts";
import { waitForCatchUp } from "../consumer/wait-for-catch-up.ts";
import { backlogOf } from "../consumer/consumer-backlog.ts";
import { lookAgain, newestBelow, type Standing, standingOn } from "./log-reader.ts";
import { StreamCapacity } from "./stream-capacity.ts";
import { NatsConsumer } from "../consumer/nats-consumer.ts";
import { isLost, retryUnknownOutcome } from "../connection/failures.ts";
import { CALL_TIMEOUT_MS } from "../connection/nats-options.ts";
import type { NatsParts } from "../connection/nats-parts.ts";
import { replay } from "./nats-replay.ts";
import { NatsTails } from "./nats-tails.ts";
import { readEntry, streamOf } from "./stored-message.ts";

/** The log on JetStream: the broker's compare-and-set decides, and correctness reads go to the stream's leader. */
export class NatsEventLog implements EventLog {
  readonly #parts: NatsParts;
  readonly #tails: NatsTails;
  readonly #room: StreamCapacity;
  readonly #consumers = new Set<NatsConsumer>();

  constructor(parts: NatsParts) {
    this.#parts = parts;
    this.#room = new StreamCapacity(parts.jsm);
    this.#tails = new NatsTails(parts.connection, parts.observer);
  }

  async append(
    subject: string,
    event: Envelope,
    { first = false, reserveHeadroom = false }: AppendOptions = {},
  ): Promise<AppendResult> {
    const parsed = parseEvent(event);
    if (reserveHeadroom && !(await this.#hasRoomFor(parsed.event))) {
      return this.#reportOrRefuse(subject, parsed.event, first);
    }
    return this.#retryUnknownOutcome(() => this.#append(subject, parsed, first ? 0 : undefined));
  }

  async last(subject: string): Promise<LogEntry | undefined> {
    return (await this.#retryUnknownOutcome(() => standingOn(this.#parts, subject)))?.entry;
  }

  newest(prefix: string): Promise<LogEntry | undefined> {
    return this.last(`${prefix}.>`);
  }

  below(prefix: string, atLeast?: number): Promise<readonly LogEntry[]> {
    return this.#retryUnknownOutcome(() => newestBelow(this.#parts, prefix, atLeast));
  }

  async consume(spec: ConsumerSpec, handle: Handler): Promise<Consumption> {
    const consumer = await NatsConsumer.start({ ...this.#parts, log: this }, spec, handle);
    this.#consumers.add(consumer);
    const { jsm, observer } = this.#parts;
    const observed = observer?.consumes(spec.name, () => backlogOf(jsm, spec));
    return {
      waitForCatchUp: waitForCatchUp(this.#parts, spec),
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

  /** @throws Unavailable that names a consumer which could not read its stream for a while. */
  check(): void {
    for (const consumer of this.#consumers) consumer.check();
  }

  /** Stops the intake of every consumer and waits for what its handlers still do. */
  async stop(): Promise<void> {
    await Promise.all([...this.#consumers].map((consumer) => consumer.stop()));
  }

  /**
   * Losing may mean that one's own earlier try won, and a duplicate only that the id was seen: what stands is read. Where
   * nothing but rubbish stands, an event can still be first.
   */
  async #append(
    subject: string,
    parsed: ReturnType<typeof parseEvent>,
    expected: number | undefined,
  ): Promise<AppendResult> {
    const { event } = parsed;
    const ack = await this.#publish(subject, event, expected);
    if (ack?.duplicate === false) return { kind: "stored", entry: { seq: ack.seq, subject, ...parsed } };
    const standing = ack === undefined ? await this.#winnerOn(subject) : await this.#seenAs(ack);
    if (standing.entry === undefined) return this.#append(subject, parsed, standing.seq);
    if (standing.entry.subject !== subject) {
      throw new TypeError("an event's id must contain the identity of its subject");
    }
    return resultFor(event, standing.entry);
  }

  #hasRoomFor(event: Envelope): Promise<boolean> {
    const bytes = JSON.stringify(event).length;
    return this.#retryUnknownOutcome(() => this.#room.isLeftFor(bytes));
  }

  /** Without room what stands is found all the same: a repetition must not hear that nothing was stored. */
  async #reportOrRefuse(subject: string, event: Envelope, first: boolean): Promise<AppendResult> {
    const standing = first ? await this.last(subject) : undefined;
    if (standing === undefined) throw new LogFull("the log keeps its last room for decisions");
    return resultFor(event, standing);
  }

  /** The server's acknowledgement; undefined if another event was first. */
  async #publish(
    subject: string,
    event: Envelope,
    expected: number | undefined,
  ): Promise<PubAck | undefined> {
    try {
      return await this.#parts.js.publish(subject, JSON.stringify(event), {
        msgID: event.id,
        timeout: CALL_TIMEOUT_MS,
        expect: {
          streamName: streamOf(subject),
          ...(expected === undefined ? {} : { lastSubjectSequence: expected }),
        },
      });
    } catch (error) {
      if (isLost(error)) return undefined;
      throw error;
    }
  }

  #winnerOn(subject: string): Promise<Standing> {
    return lookAgain(() => standingOn(this.#parts, subject));
  }

  /** What the log took for the same event: its id is all that the server compares. */
  async #seenAs({ stream, seq }: PubAck): Promise<Standing> {
    const message = await lookAgain(
      async () => (await this.#parts.jsm.streams.getMessage(stream, { seq })) ?? undefined,
    );
    const entry = readEntry(message);
    if (entry === undefined) throw new TypeError("the id of an event was taken by what is no event");
    return { seq, entry };
  }

  #retryUnknownOutcome<Result>(call: () => Promise<Result>): Promise<Result> {
    return retryUnknownOutcome(this.#parts, call, this.#parts.observer);
  }
}

const resultFor = (event: Envelope, standing: LogEntry): AppendResult =>
  standing.event.id === event.id ? { kind: "stored", entry: standing } : { kind: "lost", winner: standing };
