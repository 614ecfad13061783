import type { EventLog, RequestQueries, Timers } from "@loopgate/bus";
import type { RequestLog } from "@loopgate/requests";
import type { Logger, Metrics } from "@loopgate/runtime";
import { startExpiry } from "./expiry.ts";
import { startProjection } from "./projection/projection.ts";
import type { RequestStore } from "./store/request-store.ts";
import { instrumentedStore, stateMetrics } from "./state-metrics.ts";
import { StateQueries } from "./queries/state-queries.ts";

export interface StateOptions {
  readonly log: EventLog;
  readonly timers: Timers;
  readonly requests: RequestLog;
  readonly store: RequestStore;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly now?: () => Date;
}

export interface StateService extends AsyncDisposable {
  readonly queries: RequestQueries;
}

/** Maintains the projection, expires requests and answers queries, until it is disposed of. */
export async function startState(parts: StateOptions): Promise<StateService> {
  const { log, timers, requests, logger, now = () => new Date() } = parts;
  const store = instrumentedStore(parts.store, stateMetrics(parts.metrics, parts.store));
  const running = new AsyncDisposableStack();
  const projection = running.use(await startProjection(log, store));
  running.use(await startExpiry({ log, timers, requests, logger, now }));
  return {
    queries: new StateQueries({ requests, projection, store, logger, now }),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
