import { filters } from "@loopgate/contracts";
import type { NatsPermissions } from "@loopgate/bus/nats";
import type { RecipientPolicy } from "@loopgate/domain";
import { consumersOf } from "./channels/telegram/consumers.ts";

/** A notifier carries questions out and answers in: it can't ask. Without a bot it does not start. */
export const natsPermissions = ({ bot = "" }: Pick<RecipientPolicy, "bot">): NatsPermissions => ({
  appends: [
    filters.delivered,
    filters.undelivered,
    filters.decided,
    filters.received("telegram", bot),
    filters.deadLetters,
  ],
  consumers: Object.values(consumersOf(bot)),
  reads: ["sessions"],
  writes: ["copies", "leases", "channels"],
  asksQueries: true,
});
