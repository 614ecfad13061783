import { chmodSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { NO_ROOM } from "../capacity.ts";
import { LogFull, Unavailable } from "../event-log.ts";
import { DiskReserve } from "./disk-reserve.ts";
import { isBusy, isFull, isWriteFault, translated } from "./sqlite-errors.ts";

/** The connection as work inside a transaction sees it. Prepared statements are cached. */
export interface SqliteConnection {
  prepare(sql: string): StatementSync;
  exec(sql: string): void;
}

type Work = (connection: SqliteConnection) => unknown;

interface Queued {
  readonly work: Work;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** How long a lazy write waits at most for a commit that it can join, in milliseconds. */
const LAZY_MS = 50;

/** How often it is tried to hold the reserve again after it was released, in milliseconds. */
const HOLD_AGAIN_MS = 5_000;

/** After this many pages, of this many bytes each, what is committed is moved into the file: SQLite's own values. */
const WAL_PAGES = 1_000;
const PAGE_BYTES = 4_096;

/**
 * One SQLite file with group commit: all writes requested in one turn of the event loop share one transaction, so that
 * `synchronous = FULL` costs one flush for all of them (measured in reference eventlog.md 2: 10 × the rate).
 */
export class SqliteDatabase implements AsyncDisposable {
  readonly #db: DatabaseSync;
  readonly #connection: SqliteConnection;
  readonly #committed = new Set<() => void>();
  #queue: Queued[] = [];
  #flush: NodeJS.Immediate | undefined;
  #lazyFlush: NodeJS.Timeout | undefined;
  readonly #reserve: DiskReserve;
  #isFull = false;
  #holdAgain: NodeJS.Timeout | undefined;
  #holding: Promise<void> | undefined;

  private constructor(db: DatabaseSync, reserve: DiskReserve) {
    this.#db = db;
    this.#reserve = reserve;
    // Moving the committed pages into the file takes at most their own room: the reserve must have it.
    const pages = Math.min(WAL_PAGES, Math.floor(reserve.bytes / 2 / PAGE_BYTES));
    db.exec(`PRAGMA wal_autocheckpoint = ${pages}`);
    const statements = new Map<string, StatementSync>();
    this.#connection = {
      prepare: (sql) => {
        const known = statements.get(sql) ?? db.prepare(sql);
        statements.set(sql, known);
        return known;
      },
      exec: (sql) => db.exec(sql),
    };
  }

  /**
   * Opens or creates the file, readable by its owner only. An acknowledged write survives `kill -9` and power loss.
   * @throws LogFull if the disk has not even the room for that.
   */
  static open(path: string): SqliteDatabase {
    const reserve = new DiskReserve(path);
    try {
      return new SqliteDatabase(openFile(path), reserve);
    } catch (error) {
      if (!isFull(error) && !(isWriteFault(error) && reserve.isDiskFull)) throw error;
      return SqliteDatabase.#openOnReserve(path, reserve);
    }
  }

  /** Opening writes, too. The reserve of an earlier process leaves room for that. */
  static #openOnReserve(path: string, reserve: DiskReserve): SqliteDatabase {
    reserve.release();
    try {
      return new SqliteDatabase(openFile(path), reserve);
    } catch (cause) {
      throw new LogFull(`the disk is full, and ${path} can't be opened: make room there`, { cause });
    }
  }

  /** True while the disk has no room but the released reserve: reject what is not needed to finish older work. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /**
   * Reserves room on the disk for what is written when it is full. Is tried again for as long as there is none. A
   * directory where that fails for another reason has no reserve.
   */
  holdReserve(): Promise<void> {
    this.#holding ??= this.#hold().finally(() => (this.#holding = undefined));
    return this.#holding;
  }

  async #hold(): Promise<void> {
    if (!this.#db.isOpen) return;
    const held = await this.#reserve.hold().catch(() => "held");
    this.#isFull = held === "no_room";
    if (this.#isFull) this.#holdLater();
  }

  /**
   * Runs `work` in the next group commit and resolves once that is durable. If `work` throws, only its own changes are
   * rolled back, and the promise rejects with its error. If the commit fails, all its writes reject with
   * {@link Unavailable}.
   */
  write<Result>(work: (connection: SqliteConnection) => Result): Promise<Result> {
    const result = this.#enqueue(work);
    this.#flush ??= setImmediate(() => this.#commit());
    return result;
  }

  /** Like {@link write}, for work that is not urgent: it joins the next commit, or starts one after 50 ms. */
  writeSoon(work: (connection: SqliteConnection) => void): Promise<void> {
    const result = this.#enqueue(work);
    this.#lazyFlush ??= setTimeout(() => this.#commit(), LAZY_MS);
    return result;
  }

  /** Reads committed data. Iterate over results inside `work`, not after it. */
  read<Result>(work: (connection: SqliteConnection) => Result): Result {
    if (!this.#db.isOpen) throw new Unavailable("the database is closed");
    try {
      return work(this.#connection);
    } catch (error) {
      throw translated(error);
    }
  }

  /** Calls `listener` after every commit, in the same turn of the event loop. Returns a function that unsubscribes it. */
  onCommit(listener: () => void): () => void {
    this.#committed.add(listener);
    return () => this.#committed.delete(listener);
  }

  /** Commits the queued writes and closes the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#db.isOpen) return;
    await this.#holding;
    this.#commit();
    clearTimeout(this.#holdAgain);
    this.#committed.clear();
    this.#db.close();
  }

  #enqueue<Result>(work: (connection: SqliteConnection) => Result): Promise<Result> {
    if (!this.#db.isOpen) return Promise.reject(new Unavailable("the database is closed"));
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    let result: Result;
    this.#queue.push({
      work: (connection) => (result = work(connection)),
      resolve: () => resolve(result),
      reject,
    });
    return promise;
  }

  #commit(): void {
    clearImmediate(this.#flush);
    clearTimeout(this.#lazyFlush);
    this.#flush = undefined;
    this.#lazyFlush = undefined;
    const batch = this.#queue;
    this.#queue = [];
    if (batch.length === 0) return;
    const settle = this.#transact(batch);
    for (const done of settle) done();
    for (const listener of this.#committed) listener();
  }

  /** @param isLast false: if there is no room, the batch is run again after some was made */
  #transact(batch: readonly Queued[], isLast = false): readonly (() => void)[] {
    try {
      this.#db.exec("BEGIN IMMEDIATE");
      const settle = batch.map((queued) => this.#runAlone(queued, isLast));
      this.#db.exec("COMMIT");
      if (this.#isFull) this.#shrinkWal();
      return settle;
    } catch (cause) {
      this.#rollBack();
      if (!isLast && (isFull(cause) || (isWriteFault(cause) && this.#reserve.isDiskFull))) {
        this.#makeRoom();
        return this.#transact(batch, true);
      }
      const error = isFull(cause)
        ? new LogFull(NO_ROOM, { cause })
        : new Unavailable("the database could not write", { cause });
      return batch.map(
        ({ reject }) =>
          () =>
            reject(error),
      );
    }
  }

  /** Each write has its own savepoint, so that a failure does not roll back the others. */
  #runAlone({ work, resolve, reject }: Queued, isLast: boolean): () => void {
    this.#connection.prepare("SAVEPOINT work").run();
    try {
      const result = work(this.#connection);
      this.#connection.prepare("RELEASE work").run();
      return () => resolve(result);
    } catch (error) {
      if (!this.#db.isTransaction || (isFull(error) && !isLast)) throw error;
      this.#db.exec("ROLLBACK TO work; RELEASE work");
      return () => reject(translated(error));
    }
  }

  #makeRoom(): void {
    this.#isFull = true;
    this.#reserve.release();
    this.#shrinkWal();
    this.#holdLater();
  }

  /** Moves what is committed into the file, so that the log of committed pages takes no room of its own. */
  #shrinkWal(): void {
    try {
      this.#db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch {
      // Without room for that, the log stays as it is.
    }
  }

  #holdLater(): void {
    clearTimeout(this.#holdAgain);
    this.#holdAgain = setTimeout(() => void this.holdReserve(), HOLD_AGAIN_MS).unref();
  }

  /** If the rollback fails, too, the next `BEGIN` fails, and so does every write after it. */
  #rollBack(): void {
    try {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
    } catch {
      // The caller reports the error that caused the rollback.
    }
  }
}

function openFile(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: 5_000 });
  try {
    chmodSync(path, 0o600);
    switchToWal(db);
    db.exec("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Processes that open a new file at the same time collide here, and the busy timeout does not cover that. */
function switchToWal(db: DatabaseSync): void {
  const end = performance.now() + 5_000;
  for (;;) {
    try {
      db.exec("PRAGMA journal_mode = WAL");
      return;
    } catch (error) {
      if (!isBusy(error) || performance.now() > end) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}
