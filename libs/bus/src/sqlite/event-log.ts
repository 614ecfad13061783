import { type Envelope, filters, type LogEntry, subjectMatches } from "@loopgate/contracts";
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
  Unavailable,
} from "../event-log.ts";
import { follow, type ReadPage } from "../follow.ts";
import { storable } from "../rejected.ts";
import { pollUntil } from "@loopgate/async";
import { hasHeadroom, NEARLY_FULL } from "../capacity.ts";
import { backlogOf } from "./consumer-backlog.ts";
import {
  appendEvent,
  deleteBefore,
  eventAt,
  EVENTS_SCHEMA,
  eventsAfter,
  holdsAllAfter,
  lastBelow,
  lastGivenSeq,
  newestBelow,
  newestOn,
  newestSeq,
} from "./events-table.ts";
import { CHECKPOINT_SCHEMA } from "./consumer-checkpoint.ts";
import { REDELIVERY_SCHEMA } from "./delayed-redelivery.ts";
import { type ConsumerOptions, SqliteConsumer } from "./consumer.ts";
import type { SqliteConnection, SqliteDatabase } from "./database.ts";
import { usedBytes } from "./used-bytes.ts";

/** How many entries are read, or deleted after their retention, at a time. */
const PAGE = 256;

/** The pause before the log retries a failed read after a commit, in milliseconds. */
const RECOVER_MS = 1_000;

interface EventLogOptions extends ConsumerOptions {
  /** The maximum size of the log in bytes; `Infinity` for no limit. New questions are rejected from 80 % of it on. */
  readonly maxBytes: number;
}

interface Tail {
  readonly filters: readonly string[];
  readonly listener: TailListener;
}

/**
 * The log as one table of one file. Beyond the port's promises it orders events across all subjects, deduplicates for as
 * long as it keeps an event, and its tails have no gaps.
 */
export class SqliteEventLog implements EventLog, AsyncDisposable {
  readonly #database: SqliteDatabase;
  readonly #options: EventLogOptions;
  readonly #tails = new Set<Tail>();
  readonly #consumers = new Map<string, SqliteConsumer>();
  #published: number;
  #recovery: NodeJS.Timeout | undefined;
  readonly #closed = new AbortController();

  private constructor(database: SqliteDatabase, options: EventLogOptions) {
    this.#database = database;
    this.#options = options;
    this.#published = database.read(newestSeq);
    database.onCommit(() => this.#publish());
  }

  static async open(database: SqliteDatabase, options: EventLogOptions): Promise<SqliteEventLog> {
    await database.write((db) => db.exec(EVENTS_SCHEMA + CHECKPOINT_SCHEMA + REDELIVERY_SCHEMA));
    return new SqliteEventLog(database, options);
  }

  /** True while no consumer has anything left to do, including delayed redeliveries. */
  get isIdle(): boolean {
    return [...this.#consumers.values()].every((consumer) => consumer.isDoneTo(this.#published));
  }

  async append(
    subject: string,
    event: Envelope,
    { first = false, reserveHeadroom = false }: AppendOptions = {},
  ): Promise<AppendResult> {
    const parsed = storable(event);
    return this.#database.write((db) => {
      // Asked inside the transaction: it may be run again after the disk was found to be full.
      const hasRoom = !reserveHeadroom || !this.#database.isFull;
      const maxBytes = reserveHeadroom ? this.#options.maxBytes : Infinity;
      return appendEvent(db, { subject, ...parsed, first, maxBytes, hasRoom });
    });
  }

  /** @throws LogFull while only the headroom for decisions is left. */
  checkHeadroom(): void {
    const used = this.#database.read(usedBytes);
    if (!hasHeadroom(used, this.#options.maxBytes)) throw new LogFull(NEARLY_FULL);
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

  async head(): Promise<number> {
    return this.#database.read(lastGivenSeq);
  }

  follow(options: FollowOptions): AsyncIterable<FollowedPage> {
    const read = async (after: number) => this.#database.read((db) => pageAfter(db, after));
    return follow({ log: this, read, closed: this.#closed.signal }, options);
  }

  /** Ends what follows the log, and stops the running consumers. Their subscriptions end when their handlers do. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#recovery);
    this.#closed.abort();
    for (const consumer of this.#consumers.values()) consumer.halt();
    this.#consumers.clear();
    this.#tails.clear();
  }

  /** Deletes entries stored before `time`, one page per transaction, so that other writes do not wait long. */
  async forgetBefore(time: Date): Promise<void> {
    let deleted: number;
    do {
      deleted = await this.#database.write((db) => deleteBefore(db, time, PAGE));
    } while (deleted === PAGE);
  }

  /** Passes newly committed entries to the tails, and to the consumers that have read everything before them. */
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
        for (const tail of this.#tails) notify(tail, entries);
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

/** Undefined if the log does not hold all events after the sequence. */
function pageAfter(db: SqliteConnection, after: number): ReadPage | undefined {
  if (!holdsAllAfter(db, after)) return undefined;
  const page = eventsAfter(db, after, PAGE);
  const entries = page.filter(({ subject }) => subjectMatches(filters.everyEvent, subject));
  return { entries, last: page.at(-1)?.seq ?? after, hasMore: page.length === PAGE };
}

function notify({ filters, listener }: Tail, entries: readonly LogEntry[]): void {
  for (const entry of entries) {
    if (!filters.some((filter) => subjectMatches(filter, entry.subject))) continue;
    try {
      listener.onEntry(entry);
    } catch {
      // A failing listener must not keep the entry from the other tails.
    }
  }
}
