import { filters } from "@loopgate/contracts";
import { type Consumption, type Delivery, type EventLog, Unavailable, type Verdict } from "@loopgate/bus";
import { ENOUGH_IN_FLIGHT, MergeBatches } from "./merge-batches.ts";
import type { RequestStore } from "../store/request-store.ts";

/** While the store is away entries are held here so long, then offered to another process. All others wait in the log. */
const HOLD_MS = 10_000;

/** Keeps the store up with the log, however long it is away in between. */
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
