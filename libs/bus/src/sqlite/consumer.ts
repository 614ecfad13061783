import { type Envelope, type LogEntry, subjectMatches } from "@loopgate/contracts";
import {
  type AppendResult,
  type ConsumerSpec,
  type Handler,
  type Subscription,
  Unavailable,
  type Verdict,
} from "../event-log.ts";
import type { BusObserver } from "../bus-observer.ts";
import { backOff } from "@loopgate/async";
import { consumerDefaults } from "../consumer-defaults.ts";
import { nameOf, storeDeadLetter } from "../dead-letters.ts";
import { WakeUpTimer } from "./wake-up-timer.ts";
import type { ConsumerPosition } from "./consumer-backlog.ts";
import { ConsumerCheckpoint } from "./consumer-checkpoint.ts";
import { type Attempts, DelayedRedelivery } from "./delayed-redelivery.ts";
import type { SqliteDatabase } from "./database.ts";

export interface ConsumerOptions {
  /** Delays before the retries of an entry whose handler threw, in milliseconds; the last one repeats. */
  readonly backOffMs: readonly number[];
  readonly observer: BusObserver | undefined;
}

/** What a consumer needs from its log. */
interface Source extends ConsumerOptions {
  /** The sequence up to which the log has offered entries. */
  newest(): number;
  /** The next page of entries after `seq`. */
  after(seq: number): readonly LogEntry[];
  /** Undefined if the log no longer holds the entry. */
  at(seq: number): LogEntry | undefined;
  append(subject: string, event: Envelope): Promise<AppendResult>;
  /** Called when the last member has left. */
  ended(): void;
}

/** An entry to be handled. If it was delayed, its row stays in the redelivery table until it is done. */
interface Job extends Attempts {
  readonly entry: LogEntry;
  readonly wasDelayed: boolean;
}

/** One handler that joined, and how many entries it may handle at the same time. */
interface Member {
  readonly handle: Handler;
  readonly limit: number;
  readonly maxAttempts: number;
  readonly stop: AbortController;
  readonly running: Set<Promise<void>>;
}

/** How many delayed entries are queued at a time. */
const PAGE = 256;

/** The pause before a consumer retries a failed read of its log, in milliseconds. */
const RECOVER_MS = 1_000;

/**
 * A durable consumer. Every entry up to its checkpoint is done or delayed; later ones are delivered again after a crash.
 * Delayed entries wait in a table and hold up no others.
 */
export class SqliteConsumer {
  readonly #spec: ConsumerSpec;
  readonly #source: Source;
  readonly #members = new Set<Member>();
  readonly #inFlight = new Map<number, Job>();
  readonly #checkpoint: ConsumerCheckpoint;
  readonly #redelivery: DelayedRedelivery;
  /** Entries above the checkpoint that were delayed before a crash: only the table delivers them, not the log. */
  readonly #delayedAhead: Set<number>;
  #queue: Job[] = [];
  /** Everything up to here has been read; what matched is queued, in flight, delayed or done. */
  #position: number;
  readonly #wakeUp = new WakeUpTimer(() => this.#fill());
  /** Set while a later turn of the event loop is due to continue with {@link #fill}. */
  #turn: NodeJS.Immediate | undefined;
  #halted = false;

  constructor(spec: ConsumerSpec, database: SqliteDatabase, source: Source) {
    this.#spec = spec;
    this.#source = source;
    this.#checkpoint = new ConsumerCheckpoint(spec.name, database, () => this.#safePosition());
    this.#position = this.#checkpoint.saved;
    this.#redelivery = new DelayedRedelivery(spec.name, database);
    this.#delayedAhead = new Set(this.#redelivery.waiting().filter((seq) => seq > this.#position));
  }

  /** Adds a handler. Several handlers share the work. */
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
      open: [...queued, ...this.#inFlight.keys(), ...this.#redelivery.waiting()],
      readTo: this.#position,
    };
  }

  /** True if every entry up to `seq` is done. */
  isDoneTo(seq: number): boolean {
    const { open, readTo } = this.progress;
    return readTo >= seq && [...open].every((one) => one > seq);
  }

  /** Queues entries that were just committed, if this consumer has read all before them. Otherwise it reads them later. */
  offer(before: number, entries: readonly LogEntry[]): void {
    if (this.#position === before && this.#queue.length === 0) this.#take(entries);
    this.#fill();
  }

  /** Stops at once because the log closes. What is unfinished is delivered again at the next opening. */
  halt(): void {
    this.#halted = true;
    this.#wakeUp[Symbol.dispose]();
    clearImmediate(this.#turn);
    for (const { stop } of this.#members) stop.abort();
  }

  #take(entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      this.#position = entry.seq;
      if (this.#delayedAhead.delete(entry.seq)) continue;
      if (!this.#spec.filters.some((filter) => subjectMatches(filter, entry.subject))) continue;
      this.#queue.push({ entry, attempt: 1, failures: 0, wasDelayed: false });
    }
    this.#checkpoint.save();
  }

  /** Starts handlers while there is work and a member with capacity. */
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
   * Queues a page of delayed entries that are due and a page of the log; a later turn of the event loop continues with the
   * rest. Runs at most once per turn, so that handlers which never wait do not starve other work, such as commits.
   */
  #refill(): void {
    if (this.#turn !== undefined) return;
    try {
      this.#queueDue();
      const isBehind = this.#position < this.#source.newest();
      if (isBehind) this.#take(this.#source.after(this.#position));
      if (isBehind || this.#queue.length > 0) this.#turn = setImmediate(() => this.#nextTurn());
      this.#wakeUp.setBy(this.#redelivery.nextDue);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      this.#source.observer?.failed({ kind: "read", consumer: this.#spec.name }, error);
      this.#wakeUp.setBy(Date.now() + RECOVER_MS);
    }
  }

  #nextTurn(): void {
    this.#turn = undefined;
    this.#fill();
  }

  #queueDue(): void {
    for (const { seq, attempt, failures } of this.#redelivery.due(PAGE)) {
      const entry = this.#source.at(seq);
      this.#redelivery.take(seq);
      // The log no longer holds the entry: its retention has passed.
      if (entry === undefined) void this.#redelivery.finish(seq);
      else this.#queue.push({ entry, attempt: attempt + 1, failures, wasDelayed: true });
    }
  }

  #start(member: Member, job: Job): void {
    const { seq } = job.entry;
    this.#inFlight.set(seq, job);
    const run = this.#run(member, job).finally(() => {
      this.#inFlight.delete(seq);
      member.running.delete(run);
      this.#checkpoint.save();
      this.#fill();
    });
    member.running.add(run);
  }

  async #run(member: Member, job: Job): Promise<void> {
    const { entry, attempt, failures, wasDelayed } = job;
    try {
      const verdict = await member.handle({ entry, attempt, failures, signal: member.stop.signal });
      await this.#settle(job, verdict);
    } catch (error) {
      // Not a failure: another member, or the next opening, handles it.
      if (member.stop.signal.aborted) return void this.#queue.unshift(job);
      this.#reportFailure(attempt, error);
      if (error instanceof Unavailable) return this.#delay(job, this.#backOff(attempt));
      const failed = { entry, attempt, failures: failures + 1, wasDelayed };
      if (failed.failures >= member.maxAttempts) return this.#giveUp(failed, nameOf(error));
      this.#delay(failed, this.#backOff(attempt));
    }
  }

  async #settle(job: Job, verdict: Verdict): Promise<void> {
    if (verdict === "done") return this.#finish(job);
    if ("retryInMs" in verdict) return this.#delay(job, verdict.retryInMs);
    return this.#giveUp(job, verdict.deadLetter);
  }

  #backOff(attempt: number): number {
    return backOff(this.#source.backOffMs, attempt);
  }

  /** Stores the dead letter before the entry counts as done. */
  async #giveUp(job: Job, error: string): Promise<void> {
    const { name } = this.#spec;
    try {
      const { entry, attempt: attempts } = job;
      await storeDeadLetter(this.#source, { consumer: name, entry, attempts, error });
    } catch (cause) {
      this.#reportFailure(job.attempt, cause);
      return this.#delay(job, this.#backOff(job.attempt));
    }
    this.#source.observer?.deadLettered(name, { event: job.entry.event.id, error });
    this.#finish(job);
  }

  #reportFailure(attempt: number, error: unknown): void {
    this.#source.observer?.failed({ kind: "handle", consumer: this.#spec.name, attempt }, error);
  }

  #finish({ entry, wasDelayed }: Job): void {
    if (wasDelayed) void this.#redelivery.finish(entry.seq);
  }

  #delay({ entry, wasDelayed, ...attempts }: Job, waitMs: number): void {
    void this.#redelivery
      .schedule(entry.seq, attempts, waitMs, wasDelayed)
      .then(() => this.#checkpoint.save());
  }

  /** Every entry up to this sequence is done or durably delayed. */
  #safePosition(): number {
    let position = Math.min(this.#position, this.#redelivery.lowestUnsaved - 1);
    for (const { entry, wasDelayed } of [...this.#queue, ...this.#inFlight.values()]) {
      if (!wasDelayed) position = Math.min(position, entry.seq - 1);
    }
    return position;
  }

  async #leave(member: Member): Promise<void> {
    this.#members.delete(member);
    member.stop.abort();
    await Promise.all(member.running);
    if (this.#members.size > 0) return this.#fill();
    await this.#saveState();
    // Another handler may have joined meanwhile.
    if (this.#members.size > 0) return;
    this.halt();
    this.#source.ended();
  }

  /** Waits until the state of this consumer is saved, so that its next opening continues where this one ended. */
  async #saveState(): Promise<void> {
    await this.#redelivery.settle();
    await this.#checkpoint.settle();
  }
}
