import type { SqliteConnection, SqliteDatabase } from "./database.ts";

/** The table is called `parked` in the files of existing installations. */
export const REDELIVERY_SCHEMA = `
  CREATE TABLE IF NOT EXISTS parked (
    consumer TEXT NOT NULL, seq INTEGER NOT NULL, attempt INTEGER NOT NULL, failures INTEGER NOT NULL, due INTEGER NOT NULL,
    PRIMARY KEY (consumer, seq)
  ) WITHOUT ROWID;
`;
const INSERT = "INSERT OR REPLACE INTO parked (consumer, seq, attempt, failures, due) VALUES (?, ?, ?, ?, ?)";
const DELETE = "DELETE FROM parked WHERE consumer = ? AND seq = ?";

/** How often an entry was delivered, and how many of these attempts ended with an exception that counts. */
export interface Attempts {
  readonly attempt: number;
  readonly failures: number;
}

interface Waiting extends Attempts {
  readonly due: number;
}

/**
 * The entries of one consumer that are to be delivered again later, as rows. An entry keeps its row until it is done.
 * Until the row is durable, the entry holds back the consumer's checkpoint like one in flight ({@link lowestUnsaved}).
 */
export class DelayedRedelivery {
  readonly #consumer: string;
  readonly #database: SqliteDatabase;
  readonly #waiting: Map<number, Waiting>;
  readonly #unsaved = new Set<number>();
  readonly #writing = new Set<Promise<boolean>>();
  /** Undefined: not computed yet. */
  #nextDue: number | undefined;

  constructor(consumer: string, database: SqliteDatabase) {
    this.#consumer = consumer;
    this.#database = database;
    this.#waiting = database.read((db) => rowsOf(db, consumer));
  }

  /** When the next entry is due, in milliseconds since the epoch; `Infinity` if none waits. */
  get nextDue(): number {
    this.#nextDue ??= earliest(this.#waiting);
    return this.#nextDue;
  }

  waiting(): readonly number[] {
    return [...this.#waiting.keys()];
  }

  /** Waits for the pending writes. */
  async settle(): Promise<void> {
    await Promise.all(this.#writing);
  }

  /** The lowest sequence without a durable row, or `Infinity`. */
  get lowestUnsaved(): number {
    let lowest = Infinity;
    for (const seq of this.#unsaved) lowest = Math.min(lowest, seq);
    return lowest;
  }

  /**
   * Schedules an entry, for the first time or again (`hasRow`). Resolves once the entry no longer holds back the
   * checkpoint, or its row could not be written.
   */
  async schedule(seq: number, attempts: Attempts, waitMs: number, hasRow: boolean): Promise<void> {
    const due = Math.ceil(Date.now() + waitMs);
    this.#waiting.set(seq, { ...attempts, due });
    this.#nextDue = Math.min(this.nextDue, due);
    if (!hasRow) this.#unsaved.add(seq);
    const row = [this.#consumer, seq, attempts.attempt, attempts.failures, due] as const;
    const isWritten = await this.#written((db) => db.prepare(INSERT).run(...row));
    if (isWritten) this.#unsaved.delete(seq);
  }

  /** Up to `limit` entries that are due. */
  due(limit: number): readonly (Attempts & { readonly seq: number })[] {
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

  /** Removes an entry from the waiting ones, to be handled. Its row stays. */
  take(seq: number): void {
    if (this.#waiting.get(seq)?.due === this.#nextDue) this.#nextDue = undefined;
    this.#waiting.delete(seq);
  }

  /** Deletes the row of an entry that is done. */
  async finish(seq: number): Promise<void> {
    this.#unsaved.delete(seq);
    await this.#written((db) => db.prepare(DELETE).run(this.#consumer, seq));
  }

  /** If a row can't be written or deleted, its entry is delivered again after a restart, as after a crash. */
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
