import type { Envelope, LogEntry, ParsedEntry } from "@loopgate/contracts";

/**
 * The log, or the service that answers queries, cannot be reached. The call may or may not have taken effect; retrying
 * it with the same event is safe.
 */
export class Unavailable extends Error {
  override readonly name = "Unavailable";
}

/** The server denies a permission that this process needs. A running service waits for it; a starting one fails. */
export class PermissionDenied extends Unavailable {}

/** The log accepts no more events until an operator enlarges it or old events age out. */
export class LogFull extends Unavailable {}

/** This event can't be stored, however often it is tried: it is too large, or no event. Nothing was stored. */
export class Rejected extends Error {
  override readonly name = "Rejected";
  /** The limit in bytes, of an event that is too large. */
  readonly maxBytes: number | undefined;

  constructor(message: string, options: ErrorOptions & { readonly maxBytes?: number | undefined } = {}) {
    super(message, options);
    this.maxBytes = options.maxBytes;
  }
}

export interface AppendOptions {
  /** Store the event only if its subject has none yet (compare-and-set). Of all competing appends exactly one wins. */
  readonly first?: boolean;
  /**
   * Reject the append with {@link LogFull} once a log of limited size is 80 % full, so that decisions still fit. An
   * event that is stored already is reported as usual.
   */
  readonly reserveHeadroom?: boolean;
}

/**
 * `stored`: the log holds this event (compared by id), from this call or from an earlier attempt.
 * `lost`: the append asked to be `first`, and another event was.
 */
export type AppendResult =
  | { readonly kind: "stored"; readonly entry: ParsedEntry }
  | { readonly kind: "lost"; readonly winner: LogEntry };

/**
 * A durable, append-only log. Each event is stored under a subject; except for {@link follow}, order is guaranteed only
 * among the events of one subject. A read sees every append that was acknowledged before the read began. Every method throws
 * {@link Unavailable} if the log does not answer.
 */
export interface EventLog {
  /**
   * Stores an event; durable once it resolves. Appending an event with the same id again stores nothing and reports the
   * existing entry, so a retry is safe.
   * @throws Rejected if the event is not a valid envelope or too large, or another subject has an event with its id;
   * LogFull if the log has no room.
   */
  append(subject: string, event: Envelope, options?: AppendOptions): Promise<AppendResult>;

  /** The newest entry of exactly this subject. */
  last(subject: string): Promise<LogEntry | undefined>;

  /**
   * The one newest entry among all subjects below `prefix` (`<prefix>.>`). Use it only with the prefix of one request:
   * sequences are comparable only within a request.
   */
  newest(prefix: string): Promise<LogEntry | undefined>;

  /**
   * The newest entry of each subject below `prefix`, oldest first. Use it only with the prefix of one request.
   * @param atLeast the sequence of an entry below `prefix`. The result includes everything up to this sequence, but not
   * necessarily later entries. Any replica may then answer, which is cheaper than asking the leader.
   */
  below(prefix: string, atLeast?: number): Promise<readonly LogEntry[]>;

  /**
   * Starts a durable consumer, or joins it if it runs elsewhere under the same name. Every entry that matches, including
   * those stored before the consumer's first start, is delivered at least once, to one of the processes that joined.
   * Entries may be delivered out of order, and again after a failure.
   */
  consume(consumer: ConsumerSpec, handle: Handler): Promise<Consumption>;

  /**
   * Reads every entry that matches `filter` once, without a durable position. Keeps the order within each subject.
   * Entries appended during the reading may be included.
   */
  replay(filter: string): AsyncIterable<ReplayPage>;

  /**
   * Listens to entries as they are committed, starting now. Delivery is best effort: `onGap` reports that entries may
   * have been missed.
   */
  tail(filters: readonly string[], listener: TailListener): Promise<Subscription>;

  /** The sequence of the newest event; 0 if there never was one. Follow from it to read what is stored from now on. */
  head(): Promise<number>;

  /**
   * Reads the events of all requests in the order in which the log stored them: those after a sequence, then those still
   * to come. None is missed or repeated, and their sequences grow. The log is read only when the next page is asked for, so
   * that a slow reader takes no memory.
   * @throws Unavailable if the log does not answer, or is closed. Following again from the last sequence misses nothing.
   */
  follow(options: FollowOptions): AsyncIterable<FollowedPage>;
}

export interface FollowOptions {
  /** The sequence of the last event that is not to be read, or {@link EventLog.head}. */
  readonly after: number;
  /** Ends the iteration, also while it waits. */
  readonly signal: AbortSignal;
}

/**
 * `gone`: the log no longer holds everything after the last sequence, or the sequence is not from this log. It is the last
 * page.
 */
export type FollowedPage =
  | { readonly kind: "entries"; readonly entries: readonly LogEntry[] }
  | { readonly kind: "gone" };

export interface ReplayPage {
  readonly entries: readonly LogEntry[];
  /** An upper bound on the entries still to come, without those appended during the reading. */
  readonly remaining: number;
}

/** A durable consumer: a named position in the log that survives restarts. */
export interface ConsumerSpec {
  /** The identity of the position. Letters, digits, `_` and `-`. */
  readonly name: string;
  /** The subjects to deliver. `*` matches one token, a trailing `>` any number of them. */
  readonly filters: readonly string[];
  /** How many entries this process handles at the same time. Default 64. */
  readonly maxInFlight?: number;
  /**
   * How many attempts may end with an exception before the entry becomes a dead letter. Default 5; `Infinity` to retry
   * without end. {@link Unavailable} does not count, and neither does a `retryInMs` verdict. Each process counts its own
   * attempts and starts from zero after a restart, so `n` processes may try up to `n` times as often.
   */
  readonly maxAttempts?: number;
}

export interface Delivery {
  readonly entry: LogEntry;
  /** 1 for the first delivery. Whether a delivery lost in a crash counts depends on the adapter. */
  readonly attempt: number;
  /** How many earlier attempts count towards `maxAttempts`. */
  readonly failures: number;
  /** Aborted when the consumer stops. A handler that then throws hands the entry back, and that is no failure. */
  readonly signal: AbortSignal;
}

/**
 * What a handler decides about a delivery:
 * - `"done"`: never deliver this entry again.
 * - `retryInMs`: deliver it again, at the earliest in this many milliseconds. Other entries do not wait for it.
 * - `deadLetter`: give the entry up at once and store it for an operator, with this reason.
 *
 * A handler that throws is retried with back-off, up to `maxAttempts` times.
 */
export type Verdict = "done" | { readonly retryInMs: number } | { readonly deadLetter: string };

export type Handler = (delivery: Delivery) => Promise<Verdict>;

export interface TailListener {
  onEntry(entry: LogEntry): void;
  /** Entries may have been missed: read from the log what you are waiting for. */
  onGap(): void;
}

/** Disposal stops the intake and waits for running handlers. Undelivered entries remain for the next process. */
export interface Subscription extends AsyncDisposable {}

export interface Consumption extends Subscription {
  /**
   * Resolves with true once every matching entry that was stored before the call is done, in whichever process; with
   * false if that takes longer than `withinMs` milliseconds.
   * @throws Unavailable if the log does not answer.
   */
  waitForCatchUp(withinMs: number): Promise<boolean>;
}
