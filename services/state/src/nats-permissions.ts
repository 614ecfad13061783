import { filters } from "@loopgate/contracts";
import type { NatsPermissions } from "@loopgate/bus/nats";

/** State keeps time and answers queries: it can't ask. Its consumers start with it, and say themselves what they lack. */
export const natsPermissions: NatsPermissions = {
  appends: [filters.decided, filters.deadLetters],
  setsTimers: true,
};
