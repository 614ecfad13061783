import type { SqliteConnection, SqliteDatabase } from "./sqlite-database.ts";

export const PARKING_SCHEMA = `
  CREATE TABLE IF NOT EXISTS parked (
    consumer TEXT NOT NULL, seq INTEGER NOT NULL, attempt INTEGER NOT NULL, failures INTEGER NOT NULL, due INTEGER NOT NULL,
    PRIMARY KEY (consumer, seq)
  ) WITHOUT ROWID;
`;
const INSERT = "INSERT OR REPLACE INTO parked (consumer, seq, attempt, failures, due) VALUES (?, ?, ?, ?, ?)";
const DELETE = "DELETE FROM parked WHERE consumer = ? AND seq = ?";

/** How often an entry was handed out, and how many of these ended with an exception that counts. */
export interface Tries {
  readonly attempt: number;
  readonly failures: number;
}

interface Waiting extends Tries {
  readonly due: number;
}

/**
 * Entries of one consumer that come again later, as rows. An entry keeps its row until it is finished; until that row
 * is durable, the entry holds the consumer's floor as one in flight does ({@link lowestUnsaved}).
 */
export class DelayedRedelivery {
  readonly #consumer: string;
  readonly #database: SqliteDatabase;
  readonly #waiting: Map<number, Waiting>;
  readonly #unsaved = new Set<number>();
  readonly #writing = new Set<Promise<boolean>>();
  /** Undefined: to be looked for. */
  #nextDue: number | undefined;

  constructor(consumer: string, database: SqliteDatabase) {
    this.#consumer = consumer;
    this.#database = database;
    this.#waiting = database.read((db) => rowsOf(db, consumer));
  }

  /** When the next entry is due; `Infinity` if none waits. */
  get nextDue(): number {
    this.#nextDue ??= earliest(this.#waiting);
    return this.#nextDue;
  }

  waiting(): readonly number[] {
    return [...this.#waiting.keys()];
  }

  /** Waits for the writes under way. */
  async settled(): Promise<void> {
    await Promise.all(this.#writing);
  }

  /** The lowest sequence without a durable row, or `Infinity`. */
  get lowestUnsaved(): number {
    let lowest = Infinity;
    for (const seq of this.#unsaved) lowest = Math.min(lowest, seq);
    return lowest;
  }

  /** Parks an entry, for the first time or again. Resolves once it no longer holds the floor, or could not be written. */
  async park(seq: number, tries: Tries, waitMs: number, isParked: boolean): Promise<void> {
    const due = Math.ceil(Date.now() + waitMs);
    this.#waiting.set(seq, { ...tries, due });
    this.#nextDue = Math.min(this.nextDue, due);
    if (!isParked) this.#unsaved.add(seq);
    const row = [this.#consumer, seq, tries.attempt, tries.failures, due] as const;
    const isWritten = await this.#written((db) => db.prepare(INSERT).run(...row));
    if (isWritten) this.#unsaved.delete(seq);
  }

  /** Up to `limit` entries whose time has come. */
  due(limit: number): readonly (Tries & { readonly seq: number })[] {
    const now = Date.now();
    if (this.nextDue > now) return [];
    const due = [];
    for (const [seq, entry] of this.#waiting) {
      if (entry.due > now) continue;
      due.push({ seq, attempt: entry.attempt, failures: entry.failures });
      if (due.length === limit) break;
    }
    return due;
  }

  /** Takes an entry out to be handled; its row stays. */
  take(seq: number): void {
    if (this.#waiting.get(seq)?.due === this.#nextDue) this.#nextDue = undefined;
    this.#waiting.delete(seq);
  }

  /** Forgets an entry that is done. */
  async finish(seq: number): Promise<void> {
    this.#unsaved.delete(seq);
    await this.#written((db) => db.prepare(DELETE).run(this.#consumer, seq));
  }

  /** A row that could not be written or deleted makes its entry come again after a restart, as a crash does. */
  #written(work: (db: SqliteConnection) => void): Promise<boolean> {
    const writing = this.#database.writeSoon(work).then(
      () => true,
      () => false,
    );
    this.#writing.add(writing);
    return writing.finally(() => this.#writing.delete(writing));
  }
}

function rowsOf(db: SqliteConnection, consumer: string): Map<number, Waiting> {
  const rows = db.prepare("SELECT seq, attempt, failures, due FROM parked WHERE consumer = ?").all(consumer);
  return new Map(
    rows.map(({ seq, attempt, failures, due }) => [
      Number(seq),
      { attempt: Number(attempt), failures: Number(failures), due: Number(due) },
    ]),
  );
}

function earliest(waiting: ReadonlyMap<number, Waiting>): number {
  let due = Infinity;
  for (const entry of waiting.values()) due = Math.min(due, entry.due);
  return due;
}
