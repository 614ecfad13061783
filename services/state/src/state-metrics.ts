import { DEFAULT_TENANT } from "@loopgate/contracts";
import { createdOf } from "@loopgate/domain";
import { type Metrics, cachedReading } from "@loopgate/runtime";
import { Counter, Gauge } from "prom-client";
import type { RequestStore } from "./store/request-store.ts";

/** Upper bound of the count: beyond it, counting costs more and tells an operator nothing new. */
const COUNT_UP_TO = 10_000;

type StateMetrics = ReturnType<typeof stateMetrics>;

/** The metrics of a state service, and gauges of its store. */
export function stateMetrics(metrics: Metrics, store: RequestStore) {
  for (const gauge of pendingGauges(store)) metrics.registerMetric(gauge);
  return {
    storeFailures: new Counter({
      name: "loopgate_store_failures_total",
      help: "Calls to the store that failed, mostly because it did not answer.",
      labelNames: ["operation"],
      registers: [metrics],
    }),
  } as const;
}

/** Every replica reports the same values, and none while the store does not answer. */
function pendingGauges(store: RequestStore): readonly Gauge[] {
  const filter = { tenant: DEFAULT_TENANT, statuses: ["pending"] } as const;
  const count = cachedReading(() => store.count(filter, COUNT_UP_TO));
  const oldest = cachedReading(() => store.list({ filter, order: "asc", limit: 1 }));
  const pending = new Gauge({
    name: "loopgate_requests_pending",
    help: `Undecided requests in the store; counted up to ${COUNT_UP_TO}.`,
    registers: [],
    async collect() {
      const counted = await count();
      if (counted === undefined) this.remove();
      else this.set(counted);
    },
  });
  const age = new Gauge({
    name: "loopgate_requests_oldest_pending_age_seconds",
    help: "Age of the oldest undecided request in the store; 0 without one.",
    registers: [],
    async collect() {
      const page = await oldest();
      if (page === undefined) this.remove();
      else this.set(page[0] === undefined ? 0 : ageSeconds(createdOf(page[0])?.event.time));
    },
  });
  return [pending, age];
}

const ageSeconds = (since: string | undefined): number =>
  since === undefined ? 0 : Math.max(Date.now() - Date.parse(since), 0) / 1_000;

/** The same store, with its failures counted. */
export function instrumentedStore(store: RequestStore, { storeFailures }: StateMetrics): RequestStore {
  const counted = async <Result>(operation: string, call: Promise<Result>): Promise<Result> => {
    try {
      return await call;
    } catch (error) {
      storeFailures.inc({ operation });
      throw error;
    }
  };
  return {
    merge: (entries) => counted("merge", store.merge(entries)),
    get: (ref) => counted("get", store.get(ref)),
    list: (page) => counted("list", store.list(page)),
    count: (filter, limit) => counted("count", store.count(filter, limit)),
  };
}
