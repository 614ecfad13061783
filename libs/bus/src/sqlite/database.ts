import { chmodSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { LogFull, Unavailable } from "../event-log.ts";

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

const BUSY = 5;
const FULL = 13;

/**
 * Result codes after which a retry may succeed: busy, locked, out of memory, read-only, I/O error, corrupt, cannot open,
 * lock protocol.
 */
const RETRYABLE = new Set([BUSY, 6, 7, 8, 10, 11, 14, 15]);

/**
 * One SQLite file with group commit: all writes requested in one turn of the event loop share one transaction, so that
 * `synchronous = FULL` costs one flush for all of them (docs/invariants.md#sqlite-group-commit).
 */
export class SqliteDatabase implements AsyncDisposable {
  readonly #db: DatabaseSync;
  readonly #connection: SqliteConnection;
  readonly #committed = new Set<() => void>();
  #queue: Queued[] = [];
  #flush: NodeJS.Immediate | undefined;
  #lazyFlush: NodeJS.Timeout | undefined;

  private constructor(db: DatabaseSync) {
    this.#db = db;
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

  /** Opens or creates the file, readable by its owner only. An acknowledged write survives `kill -9` and power loss. */
  static open(path: string): SqliteDatabase {
    const db = new DatabaseSync(path, { timeout: 5_000 });
    try {
      chmodSync(path, 0o600);
      switchToWal(db);
      db.exec("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
    } catch (error) {
      db.close();
      throw error;
    }
    return new SqliteDatabase(db);
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
    this.#commit();
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

  #transact(batch: readonly Queued[]): readonly (() => void)[] {
    try {
      this.#db.exec("BEGIN IMMEDIATE");
      const settle = batch.map((queued) => this.#runAlone(queued));
      this.#db.exec("COMMIT");
      return settle;
    } catch (cause) {
      this.#rollBack();
      const error = isFull(cause)
        ? new LogFull("the disk is full", { cause })
        : new Unavailable("the database could not write", { cause });
      return batch.map(
        ({ reject }) =>
          () =>
            reject(error),
      );
    }
  }

  /** Each write has its own savepoint, so that a failure does not roll back the others. */
  #runAlone({ work, resolve, reject }: Queued): () => void {
    this.#connection.prepare("SAVEPOINT work").run();
    try {
      const result = work(this.#connection);
      this.#connection.prepare("RELEASE work").run();
      return () => resolve(result);
    } catch (error) {
      if (!this.#db.isTransaction) throw error;
      this.#db.exec("ROLLBACK TO work; RELEASE work");
      return () => reject(translated(error));
    }
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

/** Turns the faults of disk, memory or other processes into errors after which the caller may retry. */
function translated(error: unknown): unknown {
  if (isFull(error)) return new LogFull("the disk is full", { cause: error });
  if (!RETRYABLE.has(codeOf(error))) return error;
  return new Unavailable("the database does not answer", { cause: error });
}

const isFull = (error: unknown): boolean => codeOf(error) === FULL;

/** SQLite's primary result code; 0 for any other error. */
const codeOf = (error: unknown): number =>
  error instanceof Error && "errcode" in error && typeof error.errcode === "number"
    ? error.errcode & 0xff
    : 0;

/** Processes that open a new file at the same time collide here, and the busy timeout does not cover that. */
function switchToWal(db: DatabaseSync): void {
  const end = performance.now() + 5_000;
  for (;;) {
    try {
      db.exec("PRAGMA journal_mode = WAL");
      return;
    } catch (error) {
      if (codeOf(error) !== BUSY || performance.now() > end) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}
