import type { BusObserver } from "../bus-observer.ts";
import { NO_ROOM } from "../capacity.ts";
import { consumerDefaults } from "../consumer-defaults.ts";
import { type BucketLifetimes, type KeyValue, lifetimesFor } from "../key-value.ts";
import { type EventLog, LogFull } from "../event-log.ts";
import type { Timers } from "../timers.ts";
import { SqliteDatabase } from "./database.ts";
import { SqliteEventLog } from "./event-log.ts";
import { SqliteKeyValue } from "./key-value.ts";
import { SqliteTimers } from "./timers.ts";

export { SqliteDatabase, type SqliteConnection } from "./database.ts";

export interface SqliteBusOptions {
  /** The path of the file; it is created if missing. */
  readonly path: string;
  /** How long each bucket keeps a value. Default: derived from `retentionMs`. */
  readonly lifetimes?: BucketLifetimes;
  /** How long the log keeps an event, in milliseconds. */
  readonly retentionMs: number;
  /**
   * The maximum size of the log's entries, in bytes. New questions are rejected from 80 % of it on, until older entries
   * age out. Other contents of the file do not count. Default: no limit.
   */
  readonly maxBytes?: number;
  /** Delays before the retries of an entry whose handler threw, in milliseconds; the last one repeats. */
  readonly backOffMs?: readonly number[];
  readonly observer?: BusObserver;
}

/** The ports of the bus over one file, for one process. */
export interface SqliteBus extends AsyncDisposable {
  readonly database: SqliteDatabase;
  readonly log: EventLog;
  readonly timers: Timers;
  readonly keyValue: KeyValue;
  /** True while no consumer has anything left to do, including delayed redeliveries. */
  isIdle(): boolean;
  /** @throws Unavailable, with a message for an operator, if the file can't be read. */
  check(): Promise<void>;
  /** @throws LogFull, with a message for an operator, while questions are rejected for want of room. */
  checkRoom(): Promise<void>;
}

const CLEAN_EVERY_MS = 3_600_000;

/** Opens the bus. Dispose it after everything that uses it: running consumers lose their log. */
export async function openSqliteBus(options: SqliteBusOptions): Promise<SqliteBus> {
  const { path, retentionMs, lifetimes = lifetimesFor(retentionMs), observer, maxBytes = Infinity } = options;
  const { backOffMs = consumerDefaults.backOffMs } = options;
  await using parts = new AsyncDisposableStack();
  const database = parts.use(SqliteDatabase.open(path));
  void database.holdReserve();
  const log = parts.use(await SqliteEventLog.open(database, { backOffMs, observer, maxBytes }));
  const timers = parts.use(await SqliteTimers.open(database, observer));
  const keyValue = await SqliteKeyValue.open(database, lifetimes);
  const deleteExpired = async () => {
    await log.forgetBefore(new Date(Date.now() - retentionMs));
    await keyValue.forgetExpired();
  };
  parts.use(everyHour(deleteExpired, (error) => observer?.failed({ kind: "forget" }, error)));
  const whole = parts.move();
  return {
    database,
    log,
    timers,
    keyValue,
    isIdle: () => log.isIdle,
    check: async () => void database.read((db) => db.prepare("SELECT 1").get()),
    checkRoom: async () => {
      if (database.isFull) throw new LogFull(NO_ROOM);
      log.checkHeadroom();
    },
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}

/** Runs `work` now and every hour. After a failure, the next round does the rest. */
function everyHour(work: () => Promise<void>, onFailure: (error: unknown) => void): AsyncDisposable {
  let running = Promise.resolve();
  const round = () => {
    running = work().catch(onFailure);
  };
  round();
  const timer = setInterval(round, CLEAN_EVERY_MS);
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      await running;
    },
  };
}
