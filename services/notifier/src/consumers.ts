import { filters } from "@loopgate/contracts";
import type { ConsumerSpec } from "@loopgate/bus";

/** The consumers that the notifiers of one account share; each name is a durable position in the log. */
export const consumersOf = ({ name, account }: { readonly name: string; readonly account: string }) =>
  ({
    /** Questions to send. */
    questions: {
      name: `notifier-outbound-${account}`,
      filters: [filters.created],
      maxInFlight: 256,
      maxAttempts: Infinity,
    },
    /** Copies to close. */
    copyCloser: {
      name: `notifier-closer-${account}`,
      filters: [filters.decided, filters.delivered],
      maxInFlight: 256,
    },
    /** Places that take messages again. */
    missedQuestions: {
      name: `notifier-returns-${account}`,
      filters: [filters.received(name, account)],
      maxAttempts: Infinity,
    },
    /** What people sent. */
    answers: {
      name: `notifier-inbound-${account}`,
      filters: [filters.received(name, account)],
      maxAttempts: Infinity,
    },
  }) satisfies Record<string, ConsumerSpec>;
