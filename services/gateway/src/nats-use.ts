import { filters } from "@loopgate/contracts";
import type { NatsUse } from "@loopgate/bus/nats";

/** A gateway asks: it can neither decide nor say that something was delivered. */
export const natsUse: NatsUse = {
  appends: [filters.created],
  writes: ["sessions"],
  asksQueries: true,
};
