import type { CreatedEvent, DecidedEvent } from "@loopgate/contracts";

/** What a consumer has still to do, whichever of the processes that joined will do it. */
export interface Backlog {
  /** Entries that wait, are being handled, or were put off. */
  readonly entries: number;
  /** When the log stored the oldest of them; absent when there is none. */
  readonly oldestStoredAt?: string;
}

/** Hears what happens inside the bus, so that it can be counted. Its methods return at once and never throw. */
export interface BusObserver {
  /** This process was the first to decide this request. */
  decided(created: CreatedEvent, decision: DecidedEvent): void;

  /** Another event was first on the subject that ours wanted. */
  lost(event: "created" | "decided"): void;

  /** The log's outcome is unknown: the call is made again, or has failed as `Unavailable`. */
  outcomeUnknown(next: "retried" | "given_up"): void;

  /** The connection to the broker was lost and stands again. */
  reconnected(): void;

  /** A consumer gave an entry up. */
  deadLettered(consumer: string): void;

  /** This process takes part in a consumer until the result is disposed of. `backlog` throws when the log does not answer. */
  consumes(consumer: string, backlog: () => Promise<Backlog>): Disposable;
}
