import { filters } from "@loopgate/contracts";
import type { EventLog, Subscription } from "@loopgate/bus";
import type { RequestStore } from "./request-store.ts";

/** Keeps the store up with the log. While the store is away, entries wait in the log. */
export const startProjection = (log: EventLog, store: RequestStore): Promise<Subscription> =>
  log.consume(
    { name: "state-projection", filters: [filters.everyEvent], maxInFlight: 512 },
    async ({ entry }) => {
      await store.merge([entry]);
      return "done";
    },
  );
