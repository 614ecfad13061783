import { filters } from "@loopgate/contracts";
import type { ConsumerSpec } from "@loopgate/bus";

/** What a bot's notifiers consume; each name is a durable position in the log. */
export const consumersOf = (bot: string) =>
  ({
    /** Questions to send. */
    outbound: {
      name: `notifier-outbound-${bot}`,
      filters: [filters.created],
      maxInFlight: 256,
      maxAttempts: Infinity,
    },
    /** Copies to close. */
    closer: {
      name: `notifier-closer-${bot}`,
      filters: [filters.decided, filters.delivered],
      maxInFlight: 256,
    },
    /** Chats that take messages again. */
    returns: {
      name: `notifier-returns-${bot}`,
      filters: [filters.received("telegram", bot)],
      maxAttempts: Infinity,
    },
    /** Presses, texts and commands of people. */
    inbound: {
      name: `notifier-inbound-${bot}`,
      filters: [filters.received("telegram", bot)],
      maxAttempts: Infinity,
    },
  }) satisfies Record<string, ConsumerSpec>;
