import type { Envelope, LogEntry, ParsedEntry } from "@loopgate/contracts";

/** The log, or what answers queries, can't be reached now. Nothing is known of the outcome; a retry with the same event is safe. */
export class Unavailable extends Error {
  override readonly name = "Unavailable";
}

/** The log takes no more until an operator gives it room, or what it holds ages out. */
export class LogFull extends Unavailable {}

export interface AppendOptions {
  /** Store only if nothing stands on this subject yet: compare-and-set, one winner for ever. */
  readonly first?: boolean;
  /**
   * Leave the last fifth of a log with a limited size to others: what would use it is refused with {@link LogFull}, and
   * nothing is stored. What stands already is reported as ever.
   */
  readonly reserveHeadroom?: boolean;
}

/** `stored`: this very event (by its id) stands, now or by an earlier try. `lost`: another one was first. */
export type AppendResult =
  | { readonly kind: "stored"; readonly entry: ParsedEntry }
  | { readonly kind: "lost"; readonly winner: LogEntry };

/**
 * Durable, append-only; order holds along one subject only. Reads see every append that was answered before them.
 * All methods throw {@link Unavailable} when the log does not answer.
 */
export interface EventLog {
  /**
   * Durable once it resolves. The same event (by id) again adds nothing and reports the entry that stands.
   * @throws ZodError for what is no envelope: the log holds nothing that it can't read back.
   */
  append(subject: string, event: Envelope, options?: AppendOptions): Promise<AppendResult>;

  /** The newest entry of exactly this subject. */
  last(subject: string): Promise<LogEntry | undefined>;

  /** The newest entry below `prefix` (`<prefix>.>`). For prefixes of one request only, along which sequences grow. */
  newest(prefix: string): Promise<LogEntry | undefined>;

  /**
   * The newest entry of each subject below `prefix`, oldest first. For prefixes of one request only. With `atLeast`, the
   * sequence of an entry there that the caller was told of, it holds all up to that entry, and later ones perhaps: enough
   * for whoever reacts to it, and cheaper.
   */
  below(prefix: string, atLeast?: number): Promise<readonly LogEntry[]>;

  /**
   * Starts a durable consumer, or joins it: every entry that matches, also those from before its first start, is handled
   * at least once by one of the processes that joined; entries may come out of order and, after a failure, again.
   */
  consume(consumer: ConsumerSpec, handle: Handler): Promise<Consumption>;

  /**
   * Reads once, without a durable position, all that matches `filter` and stands when the reading begins; in the order
   * that holds along a subject. What is appended meanwhile may come, too.
   */
  replay(filter: string): AsyncIterable<ReplayPage>;

  /**
   * Hears entries once they are committed, from now on, without durability. `onGap` says that some may have been missed:
   * read again what you wait for.
   */
  tail(filters: readonly string[], listener: TailListener): Promise<Subscription>;
}

export interface ReplayPage {
  readonly entries: readonly LogEntry[];
  /** At most so many entries are still to come of those that stood at the beginning. */
  readonly remaining: number;
}

export interface ConsumerSpec {
  /** Identity of the durable position: letters, digits, `_` and `-`. */
  readonly name: string;
  readonly filters: readonly string[];
  /** How many entries are handled at the same time. Default 64. */
  readonly maxInFlight?: number;
  /**
   * After so many attempts that ended with an exception other than {@link Unavailable} the entry becomes a dead letter.
   * Default 5; `Infinity` for entries that may never be given up. Each process counts for itself and forgets when it
   * ends: only it knows which of an entry's deliveries were put off, and an entry that one process can't handle, another
   * may. So `n` processes try up to `n` times as often.
   */
  readonly maxAttempts?: number;
}

export interface Delivery {
  readonly entry: LogEntry;
  /** 1 for the first delivery. A delivery lost to a crash counts on some logs and not on others. */
  readonly attempt: number;
  /** How many attempts before this one count towards `maxAttempts`. */
  readonly failures: number;
  /** Aborted when the consumer stops: hand the entry back by throwing, another process takes it. */
  readonly signal: AbortSignal;
}

/**
 * What became of a delivery: done; again after a while (no failure: it does not count towards `maxAttempts` on its own);
 * or given up, to be looked at by an operator. An exception means "again, with back-off".
 */
export type Verdict = "done" | { readonly retryInMs: number } | { readonly deadLetter: string };

export type Handler = (delivery: Delivery) => Promise<Verdict>;

export interface TailListener {
  onEntry(entry: LogEntry): void;
  onGap(): void;
}

/** Disposing stops intake, waits for what runs, and leaves the rest to the next process. */
export interface Subscription extends AsyncDisposable {}

export interface Consumption extends Subscription {
  /**
   * True once all that matched and stood at the call is done, by whichever process; false if it is not after `withinMs`.
   * @throws Unavailable when the log does not answer.
   */
  waitForCatchUp(withinMs: number): Promise<boolean>;
}
