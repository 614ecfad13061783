import { type Envelope, parseEvent, type LogEntry, subjectMatches } from "@loopgate/contracts";
import {
  type AppendOptions,
  type AppendResult,
  type ConsumerSpec,
  type Consumption,
  type EventLog,
  type Handler,
  type ReplayPage,
  type Subscription,
  type TailListener,
  Unavailable,
} from "../event-log.ts";
import { pollUntil } from "@loopgate/async";
import { backlogOf } from "./consumer-backlog.ts";
import {
  appendEvent,
  deleteBefore,
  eventAt,
  EVENTS_SCHEMA,
  eventsAfter,
  lastBelow,
  newestBelow,
  newestOn,
  newestSeq,
} from "./events-table.ts";
import { FLOOR_SCHEMA } from "./consumer-checkpoint.ts";
import { PARKING_SCHEMA } from "./delayed-redelivery.ts";
import { type ConsumerOptions, SqliteConsumer } from "./sqlite-consumer.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";

/** How many entries are read at a time, and deleted at a time when they are too old. */
const PAGE = 256;

/** How soon the log looks again for what it could not read after a commit. */
const RECOVER_MS = 1_000;

interface EventLogOptions extends ConsumerOptions {
  /** The size of the log from which on four fifths count as full; `Infinity` for none. */
  readonly maxBytes: number;
}

interface Tail {
  readonly filters: readonly string[];
  readonly listener: TailListener;
}

/** The log as one table of one file. It keeps one order over all subjects, dedupes for ever and loses no tail. */
export class SqliteEventLog implements EventLog, AsyncDisposable {
  readonly #database: SqliteDatabase;
  readonly #options: EventLogOptions;
  readonly #tails = new Set<Tail>();
  readonly #consumers = new Map<string, SqliteConsumer>();
  #published: number;
  #recovery: NodeJS.Timeout | undefined;

  private constructor(database: SqliteDatabase, options: EventLogOptions) {
    this.#database = database;
    this.#options = options;
    this.#published = database.read(newestSeq);
    database.onCommit(() => this.#publish());
  }

  static async open(database: SqliteDatabase, options: EventLogOptions): Promise<SqliteEventLog> {
    await database.write((db) => db.exec(EVENTS_SCHEMA + FLOOR_SCHEMA + PARKING_SCHEMA));
    return new SqliteEventLog(database, options);
  }

  /** True while no consumer has anything left to do, now or later. */
  get isIdle(): boolean {
    return [...this.#consumers.values()].every((consumer) => consumer.isDoneTo(this.#published));
  }

  async append(
    subject: string,
    event: Envelope,
    { first = false, reserveHeadroom = false }: AppendOptions = {},
  ): Promise<AppendResult> {
    const parsed = parseEvent(event);
    const maxBytes = reserveHeadroom ? this.#options.maxBytes : Infinity;
    return this.#database.write((db) => appendEvent(db, { subject, ...parsed, first, maxBytes }));
  }

  async last(subject: string): Promise<LogEntry | undefined> {
    return this.#database.read((db) => newestOn(db, subject));
  }

  async newest(prefix: string): Promise<LogEntry | undefined> {
    return this.#database.read((db) => lastBelow(db, prefix));
  }

  async below(prefix: string): Promise<readonly LogEntry[]> {
    return this.#database.read((db) => newestBelow(db, prefix));
  }

  async consume(spec: ConsumerSpec, handle: Handler): Promise<Consumption> {
    const consumer = this.#consumers.get(spec.name) ?? this.#startConsumer(spec);
    const joined = consumer.join(spec, handle);
    const backlog = async () => backlogOf(this.#database, spec.filters, consumer.progress);
    const observed = this.#options.observer?.consumes(spec.name, backlog);
    return {
      waitForCatchUp: (withinMs) => {
        const newest = this.#database.read(newestSeq);
        return pollUntil(() => consumer.isDoneTo(newest), withinMs);
      },
      [Symbol.asyncDispose]: async () => {
        observed?.[Symbol.dispose]();
        await joined[Symbol.asyncDispose]();
      },
    };
  }

  #startConsumer(spec: ConsumerSpec): SqliteConsumer {
    const consumer = new SqliteConsumer(spec, this.#database, {
      ...this.#options,
      newest: () => this.#published,
      after: (seq) => this.#after(seq),
      at: (seq) => this.#database.read((db) => eventAt(db, seq)),
      append: (subject, event) => this.append(subject, event),
      ended: () => this.#consumers.delete(spec.name),
    });
    this.#consumers.set(spec.name, consumer);
    return consumer;
  }

  async *replay(filter: string): AsyncIterable<ReplayPage> {
    const end = this.#database.read(newestSeq);
    let position = 0;
    while (position < end) {
      const page = this.#after(position);
      position = page.at(-1)?.seq ?? end;
      const entries = page.filter(({ subject }) => subjectMatches(filter, subject));
      yield { entries, remaining: Math.max(0, end - position) };
    }
  }

  async tail(filters: readonly string[], listener: TailListener): Promise<Subscription> {
    const tail = { filters, listener };
    this.#tails.add(tail);
    return { [Symbol.asyncDispose]: async () => void this.#tails.delete(tail) };
  }

  /** Stops the consumers that still run; their subscriptions end when their handlers do. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#recovery);
    for (const consumer of this.#consumers.values()) consumer.halt();
    this.#consumers.clear();
    this.#tails.clear();
  }

  /** Deletes entries stored before `time`, a page at a time so that nobody waits long. */
  async forgetBefore(time: Date): Promise<void> {
    let deleted: number;
    do {
      deleted = await this.#database.write((db) => deleteBefore(db, time, PAGE));
    } while (deleted === PAGE);
  }

  /** Every commit hands its new entries on: to tails at once, to consumers that have read all before them. */
  #publish(): void {
    clearTimeout(this.#recovery);
    try {
      for (;;) {
        const entries = this.#after(this.#published);
        const last = entries.at(-1);
        if (last === undefined) return;
        const before = this.#published;
        this.#published = last.seq;
        for (const consumer of this.#consumers.values()) consumer.offer(before, entries);
        for (const tail of this.#tails) tell(tail, entries);
      }
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      this.#recovery = setTimeout(() => this.#publish(), RECOVER_MS);
    }
  }

  #after(seq: number): readonly LogEntry[] {
    return this.#database.read((db) => eventsAfter(db, seq, PAGE));
  }
}

function tell({ filters, listener }: Tail, entries: readonly LogEntry[]): void {
  for (const entry of entries) {
    if (!filters.some((filter) => subjectMatches(filter, entry.subject))) continue;
    try {
      listener.onEntry(entry);
    } catch {
      // A tail promises nothing; its listener's own problem must not keep the entry from the others.
    }
  }
}
