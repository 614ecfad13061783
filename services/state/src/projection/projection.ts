import { filters } from "@loopgate/contracts";
import { type Consumption, type Delivery, type EventLog, Unavailable, type Verdict } from "@loopgate/bus";
import { ENOUGH_IN_FLIGHT, MergeBatches } from "./merge-batches.ts";
import type { RequestStore } from "../store/request-store.ts";

/** How long entries wait here for a store that does not answer, in milliseconds, before another process may try. */
const HOLD_MS = 10_000;

/** Keeps the store up to date with the log. While the store does not answer, entries wait in the log. */
export function startProjection(log: EventLog, store: RequestStore): Promise<Consumption> {
  const batches = new MergeBatches(store, HOLD_MS);
  return log.consume(
    { name: "state-projection", filters: [filters.everyEvent], maxInFlight: ENOUGH_IN_FLIGHT },
    (delivery) => project(batches, delivery),
  );
}

async function project(batches: MergeBatches, { entry, signal }: Delivery): Promise<Verdict> {
  try {
    await batches.merge(entry, signal);
    return "done";
  } catch (error) {
    if (error instanceof Unavailable) return { retryInMs: 0 };
    throw error;
  }
}
