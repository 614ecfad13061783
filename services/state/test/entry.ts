/** What tests of other packages need of `state`: import it as `@loopgate/state/testing`, never in a `src` folder. */
import type { EventLog, RequestQueries, Timers } from "@loopgate/bus";
import type { SqliteDatabase } from "@loopgate/bus/sqlite";
import type { RequestLog } from "@loopgate/requests";
import { createLogger, createMetrics, type Logger, type Metrics } from "@loopgate/runtime";
import { startState } from "../src/index.ts";
import { startProjection } from "../src/projection/projection.ts";
import { StateQueries } from "../src/queries/state-queries.ts";
import { SqliteRequestStore } from "../src/store/sqlite.ts";

export { StateQueries } from "../src/queries/state-queries.ts";
export { mergeOperations, type RequestDocument } from "../src/store/mongo-document.ts";
export { indexes } from "../src/store/mongo-lists.ts";

export interface TestStateOptions {
  readonly log: EventLog;
  readonly requests: RequestLog;
  /** Holds the store. */
  readonly database: SqliteDatabase;
  /** Without them no request expires: the test ends its requests itself. */
  readonly timers?: Timers;
  readonly logger?: Logger;
  readonly metrics?: Metrics;
}

export interface TestState extends AsyncDisposable {
  readonly queries: RequestQueries;
}

/** The state service over a SQLite store. */
export async function startTestState(options: TestStateOptions): Promise<TestState> {
  const { log, requests, timers, metrics = createMetrics() } = options;
  const { logger = createLogger("state-test", "silent") } = options;
  const store = await SqliteRequestStore.open(options.database);
  if (timers !== undefined) return startState({ log, timers, requests, store, logger, metrics });
  const projection = await startProjection(log, store);
  return {
    queries: new StateQueries({ requests, projection, store, logger, now: () => new Date() }),
    [Symbol.asyncDispose]: () => projection[Symbol.asyncDispose](),
  };
}
