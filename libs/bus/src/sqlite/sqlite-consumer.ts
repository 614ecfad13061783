import {
  deadLetterSubject,
  type DeadLetterEvent,
  type Envelope,
  type LogEntry,
  subjectMatches,
  timestamp,
} from "@loopgate/contracts";
import {
  type ConsumerSpec,
  type Handler,
  type Subscription,
  Unavailable,
  type Verdict,
} from "../event-log.ts";
import type { SqliteConnection, SqliteDatabase } from "./sqlite-database.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS consumers (name TEXT PRIMARY KEY, floor INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS parked (
    consumer TEXT NOT NULL, seq INTEGER NOT NULL, attempt INTEGER NOT NULL, due INTEGER NOT NULL, PRIMARY KEY (consumer, seq)
  ) WITHOUT ROWID;
`;

export interface ConsumerOptions {
  /** Waits before an entry whose handler threw comes again, in milliseconds, by attempt; the last one repeats. */
  readonly backOffMs: readonly number[];
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
interface Job {
  readonly entry: LogEntry;
  readonly attempt: number;
  readonly parked: boolean;
}

interface Parked {
  readonly attempt: number;
  readonly due: number;
  /** Until its row is durable, a parked entry holds the floor like one in flight. */
  durable: boolean;
}

interface Member {
  readonly handle: Handler;
  readonly limit: number;
  readonly maxAttempts: number;
  readonly stop: AbortController;
  readonly running: Set<Promise<void>>;
}

const MAX_TIMEOUT_MS = 2_147_483_647;

/**
 * A durable consumer: everything up to its floor is done or parked; what is above comes again after a crash. Parked
 * entries wait in a table for their time and hold nobody up.
 */
export class SqliteConsumer {
  readonly #spec: ConsumerSpec;
  readonly #database: SqliteDatabase;
  readonly #source: Source;
  readonly #members = new Set<Member>();
  readonly #inFlight = new Map<number, Job>();
  readonly #parked: Map<number, Parked>;
  #queue: Job[] = [];
  /** Everything up to here has been looked at; what matched is queued, in flight, parked or done. */
  #position: number;
  #savedFloor: number;
  #floorIsQueued = false;
  #wake: NodeJS.Timeout | undefined;

  constructor(spec: ConsumerSpec, database: SqliteDatabase, source: Source) {
    this.#spec = spec;
    this.#database = database;
    this.#source = source;
    this.#position = database.read((db) => floorOf(db, spec.name));
    this.#parked = database.read((db) => parkedOf(db, spec.name));
    this.#savedFloor = this.#position;
  }

  /** Adds a handler; several share the work. */
  join({ maxInFlight = 64, maxAttempts = 5 }: ConsumerSpec, handle: Handler): Subscription {
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

  /** Takes entries just committed, if this consumer has read everything `before` them. */
  offer(before: number, entries: readonly LogEntry[]): void {
    if (this.#position === before && this.#queue.length === 0) this.#take(entries);
    this.#fill();
  }

  #take(entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      this.#position = entry.seq;
      if (!this.#spec.filters.some((filter) => subjectMatches(filter, entry.subject))) continue;
      this.#queue.push({ entry, attempt: 1, parked: false });
    }
    this.#saveFloor();
  }

  /** Hands out work while there is work and somebody free for it. */
  #fill(): void {
    if (this.#members.size === 0) return;
    this.#queueDue();
    for (;;) {
      const member = [...this.#members].find(({ running, limit }) => running.size < limit);
      if (member === undefined) return;
      if (this.#queue.length === 0 && this.#position < this.#source.newest()) {
        this.#take(this.#source.after(this.#position));
        continue;
      }
      const job = this.#queue.shift();
      if (job === undefined) return;
      this.#start(member, job);
    }
  }

  #start(member: Member, job: Job): void {
    const { seq } = job.entry;
    this.#inFlight.set(seq, job);
    const run = this.#run(member, job).finally(() => {
      this.#inFlight.delete(seq);
      member.running.delete(run);
      this.#saveFloor();
      this.#fill();
    });
    member.running.add(run);
  }

  async #run(member: Member, job: Job): Promise<void> {
    const verdict = await this.#verdictOf(member, job);
    const { entry, attempt, parked } = job;
    if (verdict === undefined) this.#queue.unshift(job);
    else if (verdict === "done") this.#finish(entry.seq, parked);
    else if ("retryInMs" in verdict) this.#park(entry.seq, attempt, verdict.retryInMs);
    else await this.#bury(job, verdict.deadLetter);
  }

  /** What became of the entry; undefined: its handler was stopped, another one takes it. */
  async #verdictOf(
    { handle, maxAttempts, stop }: Member,
    { entry, attempt }: Job,
  ): Promise<Verdict | undefined> {
    try {
      return await handle({ entry, attempt, signal: stop.signal });
    } catch (error) {
      if (stop.signal.aborted) return undefined;
      if (!(error instanceof Unavailable) && attempt >= maxAttempts) return { deadLetter: nameOf(error) };
      return { retryInMs: this.#backOff(attempt) };
    }
  }

  #backOff(attempt: number): number {
    const { backOffMs } = this.#source;
    const wait = backOffMs[Math.min(attempt, backOffMs.length) - 1] ?? 0;
    return wait * (0.75 + Math.random() / 2);
  }

  /** A dead letter is stored before its entry counts as done. */
  async #bury({ entry, attempt, parked }: Job, error: string): Promise<void> {
    const { name } = this.#spec;
    try {
      await this.#source.append(deadLetterSubject(name), deadLetter(name, entry, attempt, error));
      this.#finish(entry.seq, parked);
    } catch {
      this.#park(entry.seq, attempt, this.#backOff(attempt));
    }
  }

  #finish(seq: number, parked: boolean): void {
    if (!parked) return;
    const sql = "DELETE FROM parked WHERE consumer = ? AND seq = ?";
    void this.#soon((db) => db.prepare(sql).run(this.#spec.name, seq));
  }

  #park(seq: number, attempt: number, waitMs: number): void {
    const parked = { attempt, due: Math.ceil(Date.now() + waitMs), durable: false };
    this.#parked.set(seq, parked);
    const sql = "INSERT OR REPLACE INTO parked (consumer, seq, attempt, due) VALUES (?, ?, ?, ?)";
    void this.#soon((db) => db.prepare(sql).run(this.#spec.name, seq, attempt, parked.due)).then(
      (written) => {
        parked.durable = written;
        this.#saveFloor();
      },
    );
  }

  /** Queues what is parked and due, and comes back for the next. */
  #queueDue(): void {
    const now = Date.now();
    for (const [seq, { attempt, due }] of this.#parked) {
      if (due > now) continue;
      this.#parked.delete(seq);
      const entry = this.#source.at(seq);
      if (entry === undefined) this.#finish(seq, true);
      else this.#queue.push({ entry, attempt: attempt + 1, parked: true });
    }
    clearTimeout(this.#wake);
    if (this.#parked.size === 0) return;
    const next = Math.min(...this.#parked.values().map(({ due }) => due));
    this.#wake = setTimeout(() => this.#fill(), Math.min(Math.max(next - now, 1), MAX_TIMEOUT_MS));
  }

  /** The floor rides on the next commit: losing it to a crash only repeats work. */
  #saveFloor(): void {
    if (this.#floorIsQueued || this.#floor() === this.#savedFloor) return;
    this.#floorIsQueued = true;
    void this.#soon((db) => {
      this.#floorIsQueued = false;
      const floor = this.#floor();
      db.prepare("INSERT OR REPLACE INTO consumers (name, floor) VALUES (?, ?)").run(this.#spec.name, floor);
      this.#savedFloor = floor;
    });
  }

  #floor(): number {
    let floor = this.#position;
    for (const { entry, parked } of this.#queue) if (!parked) floor = Math.min(floor, entry.seq - 1);
    for (const { entry, parked } of this.#inFlight.values())
      if (!parked) floor = Math.min(floor, entry.seq - 1);
    for (const [seq, { durable }] of this.#parked) if (!durable) floor = Math.min(floor, seq - 1);
    return floor;
  }

  /** True once it is written; false if it could not be: then the entry comes again after a restart, as after a crash. */
  #soon(work: (db: SqliteConnection) => void): Promise<boolean> {
    return this.#database.writeSoon(work).then(
      () => true,
      () => false,
    );
  }

  async #leave(member: Member): Promise<void> {
    this.#members.delete(member);
    member.stop.abort();
    await Promise.all(member.running);
    if (this.#members.size > 0) return this.#fill();
    clearTimeout(this.#wake);
    this.#source.ended();
  }
}

function floorOf(db: SqliteConnection, name: string): number {
  db.exec(SCHEMA);
  return Number(db.prepare("SELECT floor FROM consumers WHERE name = ?").get(name)?.["floor"] ?? 0);
}

function parkedOf(db: SqliteConnection, name: string): Map<number, Parked> {
  const rows = db.prepare("SELECT seq, attempt, due FROM parked WHERE consumer = ?").all(name);
  return new Map(
    rows.map(({ seq, attempt, due }) => [
      Number(seq),
      { attempt: Number(attempt), due: Number(due), durable: true },
    ]),
  );
}

/** An error's name says enough for an operator to look; its message might hold what people wrote. */
const nameOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error);

const deadLetter = (consumer: string, entry: LogEntry, attempts: number, error: string): DeadLetterEvent => ({
  specversion: "1.0",
  id: `${consumer}.${entry.subject}.${entry.seq}`,
  source: "loopgate",
  type: "loopgate.dead_letter.v1",
  subject: entry.event.subject,
  time: timestamp(),
  tenant: entry.event.tenant,
  data: { consumer, subject: entry.subject, seq: entry.seq, error, attempts, event: entry.event },
});
