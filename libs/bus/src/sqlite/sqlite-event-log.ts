import { type DueEvent, Envelope, type LogEntry, subjectMatches, timestamp } from "@loopgate/contracts";
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
  Unavailable,
} from "../event-log.ts";
import { comesTrue } from "../comes-true.ts";
import { hasRoom } from "../has-room.ts";
import { backlogOf } from "./consumer-backlog.ts";
import { PARKING_SCHEMA } from "./parking.ts";
import { CONSUMER_SCHEMA, type ConsumerOptions, SqliteConsumer } from "./sqlite-consumer.ts";
import type { SqliteConnection, SqliteDatabase } from "./sqlite-database.ts";
import { USED_BYTES_SCHEMA, usedBytes } from "./used-bytes.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, subject TEXT NOT NULL, msg_id TEXT, time INTEGER NOT NULL, event TEXT NOT NULL
  );
  CREATE INDEX IF NOT EXISTS events_by_subject ON events (subject, seq);
  CREATE UNIQUE INDEX IF NOT EXISTS events_by_id ON events (msg_id) WHERE msg_id IS NOT NULL;
`;
const INSERT =
  "INSERT INTO events (subject, msg_id, time, event) VALUES (?, ?, ?, ?) ON CONFLICT (msg_id) WHERE msg_id IS NOT NULL DO NOTHING";
const INSERT_FIRST = `
  INSERT INTO events (subject, msg_id, time, event)
  SELECT ?1, ?2, ?3, ?4 WHERE NOT EXISTS (SELECT 1 FROM events WHERE subject = ?1)
  ON CONFLICT (msg_id) WHERE msg_id IS NOT NULL DO NOTHING`;
const COLUMNS = "seq, subject, time, event";

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
    this.#published = this.#newest();
    database.onCommit(() => this.#publish());
  }

  static async open(database: SqliteDatabase, options: EventLogOptions): Promise<SqliteEventLog> {
    await database.write((db) => db.exec(SCHEMA + USED_BYTES_SCHEMA + CONSUMER_SCHEMA + PARKING_SCHEMA));
    return new SqliteEventLog(database, options);
  }

  /** True while no consumer has anything left to do, now or later. */
  get isIdle(): boolean {
    return [...this.#consumers.values()].every((consumer) => consumer.isDoneTo(this.#published));
  }

  async append(
    subject: string,
    event: Envelope,
    { first = false, leaveRoom = false }: AppendOptions = {},
  ): Promise<AppendResult> {
    const envelope = Envelope.parse(event);
    const maxBytes = leaveRoom ? this.#options.maxBytes : Infinity;
    return this.#database.write((db) => appendTo(db, { subject, event: envelope, first, maxBytes }));
  }

  async last(subject: string): Promise<LogEntry | undefined> {
    return this.#database.read((db) => newestOf(db, subject));
  }

  async below(prefix: string): Promise<readonly LogEntry[]> {
    return this.#database.read((db) =>
      db
        .prepare(
          `SELECT ${COLUMNS} FROM events WHERE seq IN
             (SELECT max(seq) FROM events WHERE subject >= ? AND subject < ? GROUP BY subject) ORDER BY seq`,
        )
        .all(`${prefix}.`, `${prefix}/`)
        .map(entryOf),
    );
  }

  async consume(spec: ConsumerSpec, handle: Handler): Promise<Consumption> {
    const consumer = this.#consumers.get(spec.name) ?? this.#startConsumer(spec);
    const joined = consumer.join(spec, handle);
    const backlog = async () => backlogOf(this.#database, spec.filters, consumer.progress);
    const observed = this.#options.observer?.consumes(spec.name, backlog);
    return {
      catchesUp: (withinMs) => {
        const newest = this.#newest();
        return comesTrue(() => consumer.isDoneTo(newest), withinMs);
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
      after: (seq) => this.after(seq, PAGE),
      at: (seq) => this.#at(seq),
      append: (subject, event) => this.append(subject, event),
      ended: () => this.#consumers.delete(spec.name),
    });
    this.#consumers.set(spec.name, consumer);
    return consumer;
  }

  async *replay(filter: string): AsyncIterable<ReplayPage> {
    const end = this.#newest();
    let position = 0;
    while (position < end) {
      const page = this.after(position, PAGE);
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

  /** Up to `limit` entries behind `seq`, in order. */
  after(seq: number, limit: number): readonly LogEntry[] {
    const sql = `SELECT ${COLUMNS} FROM events WHERE seq > ? ORDER BY seq LIMIT ?`;
    return this.#database.read((db) => db.prepare(sql).all(seq, limit).map(entryOf));
  }

  /** Deletes entries stored before `time`, a page at a time so that nobody waits long. */
  async forgetBefore(time: Date): Promise<void> {
    const sql = `DELETE FROM events WHERE time < ?1 AND seq IN (SELECT seq FROM events ORDER BY seq LIMIT ${PAGE})`;
    let deleted: number | bigint;
    do {
      deleted = await this.#database.write((db) => db.prepare(sql).run(time.getTime()).changes);
    } while (deleted === PAGE);
  }

  /** Every commit hands its new entries on: to tails at once, to consumers that have read all before them. */
  #publish(): void {
    clearTimeout(this.#recovery);
    try {
      for (;;) {
        const entries = this.after(this.#published, PAGE);
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

  #newest(): number {
    return this.#database.read((db) =>
      Number(db.prepare("SELECT max(seq) AS seq FROM events").get()?.["seq"] ?? 0),
    );
  }

  #at(seq: number): LogEntry | undefined {
    const row = this.#database.read((db) =>
      db.prepare(`SELECT ${COLUMNS} FROM events WHERE seq = ?`).get(seq),
    );
    return row === undefined ? undefined : entryOf(row);
  }
}

/** Appends a timer's event within a transaction, without its id: the same timer may come due again. */
export function insertDue(db: SqliteConnection, subject: string, event: DueEvent): void {
  db.prepare(INSERT).run(subject, null, Date.now(), JSON.stringify(event));
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

interface Append {
  readonly subject: string;
  readonly event: Envelope;
  readonly first: boolean;
  readonly maxBytes: number;
}

/** What throws is undone. */
function appendTo(db: SqliteConnection, { subject, event, first, maxBytes }: Append): AppendResult {
  const { changes, lastInsertRowid } = db
    .prepare(first ? INSERT_FIRST : INSERT)
    .run(subject, event.id, Date.now(), JSON.stringify(event));
  if (changes === 1) {
    if (!hasRoom(usedBytes(db), maxBytes)) throw new LogFull("the log keeps its last room for decisions");
    return { kind: "stored", entry: { seq: Number(lastInsertRowid), subject, event } };
  }
  const same = db.prepare(`SELECT ${COLUMNS} FROM events WHERE msg_id = ?`).get(event.id);
  const standing = same === undefined ? newestOf(db, subject) : entryOf(same);
  if (standing === undefined || standing.subject !== subject) {
    throw new TypeError("an event's id must contain the identity of its subject");
  }
  return same === undefined ? { kind: "lost", winner: standing } : { kind: "stored", entry: standing };
}

function newestOf(db: SqliteConnection, subject: string): LogEntry | undefined {
  const row = db
    .prepare(`SELECT ${COLUMNS} FROM events WHERE subject = ? ORDER BY seq DESC LIMIT 1`)
    .get(subject);
  return row === undefined ? undefined : entryOf(row);
}

const entryOf = (row: Record<string, unknown>): LogEntry => ({
  seq: Number(row["seq"]),
  subject: String(row["subject"]),
  storedAt: timestamp(Number(row["time"])),
  event: Envelope.parse(JSON.parse(String(row["event"]))),
});
