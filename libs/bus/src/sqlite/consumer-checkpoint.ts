import type { SqliteConnection, SqliteDatabase } from "./database.ts";

/** The column is called `floor` in the files of existing installations. */
export const CHECKPOINT_SCHEMA =
  "CREATE TABLE IF NOT EXISTS consumers (name TEXT PRIMARY KEY, floor INTEGER NOT NULL) WITHOUT ROWID;";

/** The durable position of a consumer: every entry up to it is done or waits for its redelivery. */
export class ConsumerCheckpoint {
  readonly #consumer: string;
  readonly #database: SqliteDatabase;
  readonly #current: () => number;
  #saved: number;
  #saving: Promise<void> | undefined;

  /** @param current the position that is safe to save now */
  constructor(consumer: string, database: SqliteDatabase, current: () => number) {
    this.#consumer = consumer;
    this.#database = database;
    this.#current = current;
    this.#saved = database.read((db) => savedBy(db, consumer));
  }

  /** Where the next opening starts. */
  get saved(): number {
    return this.#saved;
  }

  /** Joins the next commit. A crash before it only repeats work. */
  save(): void {
    if (this.#saving !== undefined) return;
    let position = this.#saved;
    const write = (db: SqliteConnection) => {
      position = this.#current();
      if (position === this.#saved) return;
      db.prepare("INSERT OR REPLACE INTO consumers (name, floor) VALUES (?, ?)").run(
        this.#consumer,
        position,
      );
    };
    this.#saving = this.#database.writeSoon(write).then(
      () => {
        this.#saved = position;
        this.#saving = undefined;
        if (this.#current() !== position) this.save();
      },
      () => {
        this.#saving = undefined;
      },
    );
  }

  /** Waits until the position at the time of the call is saved, or saving it has failed. */
  async settle(): Promise<void> {
    await this.#saving;
    this.save();
    await this.#saving;
  }
}

function savedBy(db: SqliteConnection, consumer: string): number {
  return Number(db.prepare("SELECT floor FROM consumers WHERE name = ?").get(consumer)?.["floor"] ?? 0);
}
