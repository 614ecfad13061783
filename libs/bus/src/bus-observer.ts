import type { CreatedEvent, DecidedEvent } from "@loopgate/contracts";

/** What a consumer has still to do, whichever of the processes that joined will do it. */
export interface Backlog {
  /** Entries that wait, are being handled, or were put off. */
  readonly entries: number;
  /** When the log stored the oldest of them; absent when there is none. */
  readonly oldestStoredAt?: string;
}

/**
 * What is tried again until it succeeds: the handling of an entry, the reading of a consumer's entries, the firing of
 * timers that are due, the forgetting of what is too old.
 */
type Work =
  | { readonly kind: "handle"; readonly consumer: string; readonly attempt: number }
  | { readonly kind: "read"; readonly consumer: string }
  | { readonly kind: "fire" | "forget" };

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

  /** Work failed. The error's message may hold what people wrote. */
  failed(work: Work, error: unknown): void;

  /** A consumer gave an entry up. */
  deadLettered(consumer: string): void;

  /** This process takes part in a consumer until the result is disposed of. `backlog` throws when the log does not answer. */
  consumes(consumer: string, backlog: () => Promise<Backlog>): Disposable;
}
