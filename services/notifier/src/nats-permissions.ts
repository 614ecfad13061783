import { filters } from "@loopgate/contracts";
import type { NatsPermissions } from "@loopgate/bus/nats";
import { consumersOf } from "./consumers.ts";

/** What a notifier may do at NATS: send questions and record answers. It cannot submit a request. */
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
