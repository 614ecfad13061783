import { filters } from "@loopgate/contracts";
import type { NatsPermissions } from "@loopgate/bus/nats";
import { consumersOf } from "./consumers.ts";

/** A notifier carries questions out and answers in: it cannot ask. */
export const natsPermissions = (channel: {
  readonly name: string;
  readonly account: string;
}): NatsPermissions => ({
  appends: [
    filters.delivered,
    filters.undelivered,
    filters.decided,
    filters.received(channel.name, channel.account),
    filters.deadLetters,
  ],
  consumers: Object.values(consumersOf(channel)),
  reads: ["sessions"],
  writes: ["copies", "leases", "channels"],
  asksQueries: true,
});
