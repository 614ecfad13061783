import type { BusObserver } from "../bus-observer.ts";
import { consumerDefaults } from "../consumer-defaults.ts";
import { type BucketLifetimes, type KeyValue, lifetimesFor } from "../key-value.ts";
import type { EventLog } from "../event-log.ts";
import type { Timers } from "../timers.ts";
import { SqliteDatabase } from "./sqlite-database.ts";
import { SqliteEventLog } from "./sqlite-event-log.ts";
import { SqliteKeyValue } from "./sqlite-key-value.ts";
import { SqliteTimers } from "./sqlite-timers.ts";

export { SqliteDatabase, type SqliteConnection } from "./sqlite-database.ts";

export interface SqliteBusOptions {
  /** The file; created if missing. */
  readonly path: string;
  /** Default: those that fit the retention. */
  readonly lifetimes?: BucketLifetimes;
  /** How long the log keeps an event, in milliseconds. */
  readonly retentionMs: number;
  /**
   * A size of the log, in bytes: once its entries take four fifths of that, new questions are refused, until some age
   * out. What else the file holds does not count. Default: no limit.
   */
  readonly maxBytes?: number;
  /** Waits before an entry whose handler threw comes again, in milliseconds, by attempt. */
  readonly backOffMs?: readonly number[];
  readonly observer?: BusObserver;
}

/** All ports of the bus over one file, for one process. */
export interface SqliteBus extends AsyncDisposable {
  readonly database: SqliteDatabase;
  readonly log: EventLog;
  readonly timers: Timers;
  readonly keyValue: KeyValue;
  /** True while no consumer has anything left to do, now or later. */
  isIdle(): boolean;
}

const CLEAN_EVERY_MS = 3_600_000;

/** Opens the bus. Dispose it last: consumers that still run lose their log. */
export async function openSqliteBus(options: SqliteBusOptions): Promise<SqliteBus> {
  const { path, retentionMs, lifetimes = lifetimesFor(retentionMs), observer, maxBytes = Infinity } = options;
  const { backOffMs = consumerDefaults.backOffMs } = options;
  await using parts = new AsyncDisposableStack();
  const database = parts.use(SqliteDatabase.open(path));
  const log = parts.use(await SqliteEventLog.open(database, { backOffMs, observer, maxBytes }));
  const timers = parts.use(await SqliteTimers.open(database, observer));
  const keyValue = await SqliteKeyValue.open(database, lifetimes);
  const forget = async () => {
    await log.forgetBefore(new Date(Date.now() - retentionMs));
    await keyValue.forgetExpired();
  };
  parts.use(everyHour(forget, (error) => observer?.failed({ kind: "forget" }, error)));
  const whole = parts.move();
  return {
    database,
    log,
    timers,
    keyValue,
    isIdle: () => log.isIdle,
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}

/** Now and every hour; a round that fails is made up for by the next. */
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
