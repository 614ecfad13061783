import type { RequestStore } from "./request-store.ts";
import type { StateMetrics } from "../state-metrics.ts";

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
    listPending: (page) => counted("list", store.listPending(page)),
    countPending: (tenant, limit) => counted("count", store.countPending(tenant, limit)),
  };
}
