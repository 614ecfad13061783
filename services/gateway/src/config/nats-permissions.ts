import { filters } from "@loopgate/contracts";
import type { NatsPermissions } from "@loopgate/bus/nats";

/** A gateway asks: it can neither decide nor say that something was delivered. */
export const natsPermissions: NatsPermissions = {
  appends: [filters.created],
  writes: ["sessions"],
  asksQueries: true,
};
