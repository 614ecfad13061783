import { deadLetterSubject, type Envelope, type LogEntry, subjectMatches } from "@loopgate/contracts";
import {
  type ConsumerSpec,
  type Handler,
  type Subscription,
  Unavailable,
  type Verdict,
} from "../event-log.ts";
import type { BusObserver } from "../bus-observer.ts";
import { backOff } from "@loopgate/async";
import { consumerDefaults } from "../consumer-defaults.ts";
import { deadLetter, nameOf } from "../dead-letters.ts";
import { WakeUpTimer } from "./wake-up-timer.ts";
import type { ConsumerPosition } from "./consumer-backlog.ts";
import { ConsumerCheckpoint } from "./consumer-checkpoint.ts";
import { DelayedRedelivery, type Tries } from "./delayed-redelivery.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";

export interface ConsumerOptions {
  /** Waits before an entry whose handler threw comes again, in milliseconds, by attempt; the last one repeats. */
  readonly backOffMs: readonly number[];
  readonly observer: BusObserver | undefined;
}

/** What a consumer needs of its log. */
interface Source extends ConsumerOptions {
  newest(): number;
  after(seq: number): readonly LogEntry[];
  at(seq: number): LogEntry | undefined;
  append(subject: string, event: Envelope): Promise<unknown>;
  ended(): void;
}

/** An entry on its way through a handler. A parked one has its row in the table until it is done. */
interface Job extends Tries {
  readonly entry: LogEntry;
  readonly parked: boolean;
}

interface Member {
  readonly handle: Handler;
  readonly limit: number;
  readonly maxAttempts: number;
  readonly stop: AbortController;
  readonly running: Set<Promise<void>>;
}

/** How many parked entries are taken up at a time. */
const PAGE = 256;

/** How soon a consumer looks again whose log could not be read. */
const RECOVER_MS = 1_000;

/**
 * A durable consumer: everything up to its floor is done or parked; what is above comes again after a crash. Parked
 * entries wait in a table for their time and hold nobody up.
 */
export class SqliteConsumer {
  readonly #spec: ConsumerSpec;
  readonly #source: Source;
  readonly #members = new Set<Member>();
  readonly #inFlight = new Map<number, Job>();
  readonly #floor: ConsumerCheckpoint;
  readonly #parking: DelayedRedelivery;
  /** Parked before a crash although the floor had not got there: the log does not hand them out a second time. */
  readonly #parkedAhead: Set<number>;
  #queue: Job[] = [];
  /** Everything up to here has been looked at; what matched is queued, in flight, parked or done. */
  #position: number;
  readonly #alarm = new WakeUpTimer(() => this.#fill());
  #turn: NodeJS.Immediate | undefined;
  #halted = false;

  constructor(spec: ConsumerSpec, database: SqliteDatabase, source: Source) {
    this.#spec = spec;
    this.#source = source;
    this.#floor = new ConsumerCheckpoint(spec.name, database, () => this.#currentFloor());
    this.#position = this.#floor.saved;
    this.#parking = new DelayedRedelivery(spec.name, database);
    this.#parkedAhead = new Set(this.#parking.waiting().filter((seq) => seq > this.#position));
  }

  /** Adds a handler; several share the work. */
  join(spec: ConsumerSpec, handle: Handler): Subscription {
    const { maxInFlight, maxAttempts } = { ...consumerDefaults, ...spec };
    const member: Member = {
      handle,
      limit: maxInFlight,
      maxAttempts,
      stop: new AbortController(),
      running: new Set(),
    };
    this.#members.add(member);
    setImmediate(() => this.#fill());
    return { [Symbol.asyncDispose]: () => this.#leave(member) };
  }

  get progress(): ConsumerPosition {
    const queued = this.#queue.map(({ entry }) => entry.seq);
    return {
      open: [...queued, ...this.#inFlight.keys(), ...this.#parking.waiting()],
      readTo: this.#position,
    };
  }

  /** True when everything up to here is done. */
  isDoneTo(seq: number): boolean {
    const { open, readTo } = this.progress;
    return readTo >= seq && [...open].every((one) => one > seq);
  }

  /** Takes entries just committed, if this consumer has read everything `before` them. */
  offer(before: number, entries: readonly LogEntry[]): void {
    if (this.#position === before && this.#queue.length === 0) this.#take(entries);
    this.#fill();
  }

  /** Stops at once, because the log closes: what runs comes again at the next opening. */
  halt(): void {
    this.#halted = true;
    this.#alarm[Symbol.dispose]();
    clearImmediate(this.#turn);
    for (const { stop } of this.#members) stop.abort();
  }

  #take(entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      this.#position = entry.seq;
      if (this.#parkedAhead.delete(entry.seq)) continue;
      if (!this.#spec.filters.some((filter) => subjectMatches(filter, entry.subject))) continue;
      this.#queue.push({ entry, attempt: 1, failures: 0, parked: false });
    }
    this.#floor.save();
  }

  /** Hands out work while there is work and somebody free for it. */
  #fill(): void {
    for (;;) {
      if (this.#halted) return;
      const member = [...this.#members].find(({ running, limit }) => running.size < limit);
      if (member === undefined) return;
      if (this.#queue.length === 0) this.#refill();
      const job = this.#queue.shift();
      if (job === undefined) return;
      this.#start(member, job);
    }
  }

  /**
   * Queues a page of what is parked and due and a page of the log; comes back for the rest of either. Once a turn of
   * the event loop, so that handlers that never wait keep nobody from running, least of all the commits.
   */
  #refill(): void {
    if (this.#turn !== undefined) return;
    try {
      this.#queueDue();
      const isBehind = this.#position < this.#source.newest();
      if (isBehind) this.#take(this.#source.after(this.#position));
      if (isBehind || this.#queue.length > 0) this.#turn = setImmediate(() => this.#nextTurn());
      this.#alarm.setBy(this.#parking.nextDue);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      this.#source.observer?.failed({ kind: "read", consumer: this.#spec.name }, error);
      this.#alarm.setBy(Date.now() + RECOVER_MS);
    }
  }

  #nextTurn(): void {
    this.#turn = undefined;
    this.#fill();
  }

  #queueDue(): void {
    for (const { seq, attempt, failures } of this.#parking.due(PAGE)) {
      const entry = this.#source.at(seq);
      this.#parking.take(seq);
      if (entry === undefined) void this.#parking.finish(seq);
      else this.#queue.push({ entry, attempt: attempt + 1, failures, parked: true });
    }
  }

  #start(member: Member, job: Job): void {
    const { seq } = job.entry;
    this.#inFlight.set(seq, job);
    const run = this.#run(member, job).finally(() => {
      this.#inFlight.delete(seq);
      member.running.delete(run);
      this.#floor.save();
      this.#fill();
    });
    member.running.add(run);
  }

  async #run(member: Member, job: Job): Promise<void> {
    const { entry, attempt, failures, parked } = job;
    try {
      const verdict = await member.handle({ entry, attempt, failures, signal: member.stop.signal });
      await this.#follow(job, verdict);
    } catch (error) {
      if (member.stop.signal.aborted) return void this.#queue.unshift(job);
      this.#tellOfFailure(attempt, error);
      if (error instanceof Unavailable) return this.#park(job, this.#backOff(attempt));
      const failed = { entry, attempt, failures: failures + 1, parked };
      if (failed.failures >= member.maxAttempts) return this.#bury(failed, nameOf(error));
      this.#park(failed, this.#backOff(attempt));
    }
  }

  async #follow(job: Job, verdict: Verdict): Promise<void> {
    if (verdict === "done") return this.#finish(job);
    if ("retryInMs" in verdict) return this.#park(job, verdict.retryInMs);
    return this.#bury(job, verdict.deadLetter);
  }

  #backOff(attempt: number): number {
    return backOff(this.#source.backOffMs, attempt);
  }

  /** A dead letter is stored before its entry counts as done. */
  async #bury(job: Job, error: string): Promise<void> {
    const { name } = this.#spec;
    try {
      await this.#source.append(deadLetterSubject(name), deadLetter(name, job.entry, job.attempt, error));
    } catch (cause) {
      this.#tellOfFailure(job.attempt, cause);
      return this.#park(job, this.#backOff(job.attempt));
    }
    this.#source.observer?.deadLettered(name);
    this.#finish(job);
  }

  #tellOfFailure(attempt: number, error: unknown): void {
    this.#source.observer?.failed({ kind: "handle", consumer: this.#spec.name, attempt }, error);
  }

  #finish({ entry, parked }: Job): void {
    if (parked) void this.#parking.finish(entry.seq);
  }

  #park({ entry, parked, ...tries }: Job, waitMs: number): void {
    void this.#parking.park(entry.seq, tries, waitMs, parked).then(() => this.#floor.save());
  }

  /** Everything up to here is done or parked. */
  #currentFloor(): number {
    let floor = Math.min(this.#position, this.#parking.lowestUnsaved - 1);
    for (const { entry, parked } of this.#queue) if (!parked) floor = Math.min(floor, entry.seq - 1);
    for (const { entry, parked } of this.#inFlight.values())
      if (!parked) floor = Math.min(floor, entry.seq - 1);
    return floor;
  }

  async #leave(member: Member): Promise<void> {
    this.#members.delete(member);
    member.stop.abort();
    await Promise.all(member.running);
    if (this.#members.size > 0) return this.#fill();
    await this.#settle();
    if (this.#members.size > 0) return;
    this.halt();
    this.#source.ended();
  }

  /** Waits until the state of this consumer is written, so that its next opening starts where this one ended. */
  async #settle(): Promise<void> {
    await this.#parking.settled();
    await this.#floor.settle();
  }
}
