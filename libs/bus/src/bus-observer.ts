import type { CreatedEvent, DecidedEvent } from "@loopgate/contracts";

/** What a consumer still has to do, in all processes that joined it. */
export interface Backlog {
  /** Entries that wait, are being handled, or are to be retried later. */
  readonly entries: number;
  /** When the log stored the oldest of them; absent if there are none. */
  readonly oldestStoredAt?: string;
}

/**
 * Work that is retried until it succeeds: handling an entry, reading a consumer's entries, firing due timers, deleting
 * what has outlived its retention.
 */
type Work =
  | { readonly kind: "handle"; readonly consumer: string; readonly attempt: number }
  | { readonly kind: "read"; readonly consumer: string }
  | { readonly kind: "fire" | "forget" };

/** An event that becomes a dead letter, without what it says. */
export interface GivenUp {
  /** The id of the event. */
  readonly event: string;
  readonly error: string;
  /** Of what was never stored: its kind in the channel's words, and its size in bytes. */
  readonly kind?: string;
  readonly size?: number | undefined;
}

/** Is notified of what happens inside the bus, for metrics and logs. Its methods return at once and never throw. */
export interface BusObserver {
  /** This process made the decision of this request. */
  decided(created: CreatedEvent, decision: DecidedEvent): void;

  /** Another event was first on the subject. */
  lost(event: "created" | "decided"): void;

  /** The outcome of a call to the log is unknown: the call is retried, or has failed with `Unavailable`. */
  outcomeUnknown(next: "retried" | "given_up"): void;

  /** The server works, but with a limit that this version may reach: a message for an operator. */
  warned(message: string): void;

  /** The connection to the server was lost, for this reason. Is called again when the reason changes. */
  disconnected(reason: Error): void;

  /** The connection to the server was lost and is established again. */
  reconnected(): void;

  /** Work failed and will be retried. The error's message may contain what people wrote. */
  failed(work: Work, error: unknown): void;

  /** A consumer gave up an entry, or what a person sent can't be stored. */
  deadLettered(consumer: string, what: GivenUp): void;

  /**
   * This process takes part in a consumer until the result is disposed.
   * @param backlog reads the current backlog; rejects if the log does not answer.
   */
  consumes(consumer: string, backlog: () => Promise<Backlog>): Disposable;
}
