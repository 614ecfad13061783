import { filters } from "@loopgate/contracts";
import type { EventLog, Subscription } from "@loopgate/bus";
import { ENOUGH_IN_FLIGHT, MergeBatches } from "./merge-batches.ts";
import type { RequestStore } from "./request-store.ts";

/** Keeps the store up with the log. While the store is away, entries wait in the log. */
export function startProjection(log: EventLog, store: RequestStore): Promise<Subscription> {
  const batches = new MergeBatches(store);
  return log.consume(
    { name: "state-projection", filters: [filters.everyEvent], maxInFlight: ENOUGH_IN_FLIGHT },
    async ({ entry }) => {
      await batches.merge(entry);
      return "done";
    },
  );
}
