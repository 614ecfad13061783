import type { SqliteConnection, SqliteDatabase } from "./sqlite-database.ts";

export const FLOOR_SCHEMA =
  "CREATE TABLE IF NOT EXISTS consumers (name TEXT PRIMARY KEY, floor INTEGER NOT NULL) WITHOUT ROWID;";

/** The durable position of a consumer: everything up to it is done or parked. */
export class ConsumerCheckpoint {
  readonly #consumer: string;
  readonly #database: SqliteDatabase;
  readonly #current: () => number;
  #saved: number;
  #saving: Promise<void> | undefined;

  /** `current` tells where the floor is now. */
  constructor(consumer: string, database: SqliteDatabase, current: () => number) {
    this.#consumer = consumer;
    this.#database = database;
    this.#current = current;
    this.#saved = database.read((db) => floorOf(db, consumer));
  }

  /** Where the next opening starts. */
  get saved(): number {
    return this.#saved;
  }

  /** Rides on the next commit: losing it to a crash only repeats work. */
  save(): void {
    if (this.#saving !== undefined) return;
    let floor = this.#saved;
    const write = (db: SqliteConnection) => {
      floor = this.#current();
      if (floor === this.#saved) return;
      db.prepare("INSERT OR REPLACE INTO consumers (name, floor) VALUES (?, ?)").run(this.#consumer, floor);
    };
    this.#saving = this.#database.writeSoon(write).then(
      () => {
        this.#saved = floor;
        this.#saving = undefined;
        if (this.#current() !== floor) this.save();
      },
      () => {
        this.#saving = undefined;
      },
    );
  }

  /** Waits until what is current at the call is written, or could not be. */
  async settle(): Promise<void> {
    await this.#saving;
    this.save();
    await this.#saving;
  }
}

function floorOf(db: SqliteConnection, consumer: string): number {
  return Number(db.prepare("SELECT floor FROM consumers WHERE name = ?").get(consumer)?.["floor"] ?? 0);
}
