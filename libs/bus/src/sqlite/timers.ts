import { DueEvent, dueSubject, type RequestRef, timerSubject } from "@loopgate/contracts";
import type { BusObserver } from "../bus-observer.ts";
import type { Timers } from "../timers.ts";
import { WakeUpTimer } from "./wake-up-timer.ts";
import { appendDue } from "./events-table.ts";
import type { SqliteConnection, SqliteDatabase } from "./database.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS timers (subject TEXT PRIMARY KEY, due INTEGER NOT NULL, target TEXT NOT NULL, event TEXT NOT NULL) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS timers_by_due ON timers (due);
`;

/** The pause before a failed reading or firing of timers is retried, in milliseconds. */
const RECOVER_MS = 1_000;

/** How many timers fire in one transaction. */
const BATCH = 100;

/** Timers as rows in the file of the log. A due timer is replaced by its event in a single transaction. */
export class SqliteTimers implements Timers, AsyncDisposable {
  readonly #database: SqliteDatabase;
  readonly #observer: Pick<BusObserver, "failed"> | undefined;
  readonly #wakeUp = new WakeUpTimer(() => void this.#fire());

  private constructor(database: SqliteDatabase, observer: Pick<BusObserver, "failed"> | undefined) {
    this.#database = database;
    this.#observer = observer;
  }

  static async open(database: SqliteDatabase, observer?: Pick<BusObserver, "failed">): Promise<SqliteTimers> {
    await database.write((db) => db.exec(SCHEMA));
    const timers = new SqliteTimers(database, observer);
    timers.#wakeForNext();
    return timers;
  }

  async set(ref: RequestRef, name: string, at: Date, due: DueEvent): Promise<void> {
    const sql = "INSERT OR REPLACE INTO timers (subject, due, target, event) VALUES (?, ?, ?, ?)";
    const row = [
      timerSubject(ref, name),
      at.getTime(),
      dueSubject(ref, name),
      JSON.stringify(DueEvent.parse(due)),
    ] as const;
    await this.#database.write((db) => db.prepare(sql).run(...row));
    this.#wakeUp.setBy(at.getTime());
  }

  async cancel(ref: RequestRef, name: string): Promise<void> {
    const subject = timerSubject(ref, name);
    await this.#database.writeSoon(
      (db) => void db.prepare("DELETE FROM timers WHERE subject = ?").run(subject),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#wakeUp[Symbol.dispose]();
  }

  #wakeForNext(): void {
    const sql = "SELECT min(due) AS due FROM timers";
    const due = this.#database.read((db) => db.prepare(sql).get()?.["due"]);
    if (typeof due === "number") this.#wakeUp.setBy(due);
  }

  async #fire(): Promise<void> {
    try {
      await this.#database.write(fireDue);
      this.#wakeForNext();
    } catch (error) {
      this.#observer?.failed({ kind: "fire" }, error);
      this.#wakeUp.setBy(Date.now() + RECOVER_MS);
    }
  }
}

function fireDue(db: SqliteConnection): void {
  const due = db
    .prepare(`SELECT subject, target, event FROM timers WHERE due <= ? ORDER BY due LIMIT ${BATCH}`)
    .all(Date.now());
  for (const { subject, target, event } of due) {
    appendDue(db, String(target), DueEvent.parse(JSON.parse(String(event))));
    db.prepare("DELETE FROM timers WHERE subject = ?").run(subject ?? null);
  }
}
