import type { CallFailure, CallResult } from "@loopgate/requests";
import { waitMsOf } from "../retry-after.ts";

/** The longest back-off of a question that later ones wait for, in milliseconds. */
const LONGEST_HOLD_MS = 5_000;

/** After this many failures in a row, the next question of the client is tried right after each further failure. */
const FAILURES_TO_PASS = 5;

/**
 * `reading`: a run is under way that will send it, or find that nothing is left to send. `waiting`: it waits for its turn.
 * `behind`: put off until few others come first. `backing_off`: its send failed; put off for some time. `gone`: it is
 * not in the queue any more.
 */
type Stage = "reading" | "waiting" | "sending" | "behind" | "backing_off" | "gone";

/** The queue that a position is in. */
interface Place {
  /** How many questions are there. */
  readonly size: number;
  /** The question waits for its turn from now on. */
  waits(position: Position): void;
  /** Its send has ended: with a result, or with an exception. */
  ended(position: Position, sent: CallResult<unknown> | undefined): void;
  /** Its time to back off is over. */
  resume(position: Position): void;
  leave(position: Position): void;
}

/** A question's position at one place. Dispose of it when nothing is left to send there. */
export class Position implements Disposable {
  readonly client: string;
  readonly seq: number;
  readonly #place: Place;
  #stage: Stage = "reading";
  #turn = Promise.withResolvers<boolean>();
  #resumed = Promise.withResolvers<void>();
  #timer: NodeJS.Timeout | undefined;
  #retryAt = 0;
  /** Failures in a row that only time can mend. */
  #failures = 0;
  /** Whether a later question of the client may be tried while this one backs off. */
  #passing: "no" | "once" | "always" = "no";

  constructor(client: string, seq: number, place: Place) {
    this.client = client;
    this.seq = seq;
    this.#place = place;
  }

  /**
   * Waits for its turn, then sends. If it is not its turn for long, or if the send fails and may succeed later, the
   * question is put off: then the result is the failure, or undefined if nothing was tried.
   */
  async send<Result>(call: () => Promise<CallResult<Result>>): Promise<CallResult<Result> | undefined> {
    if (this.#stage !== "reading") return undefined;
    this.#stage = "waiting";
    this.#turn = Promise.withResolvers();
    this.#place.waits(this);
    if (!(await this.#turn.promise)) return undefined;
    let sent: CallResult<Result> | undefined;
    try {
      return (sent = await call());
    } finally {
      this.#place.ended(this, sent);
    }
  }

  /** True once it is sent, can never be sent, or is disposed of. */
  get isGone(): boolean {
    return this.#stage === "gone";
  }

  get isPutOff(): boolean {
    return this.#stage === "behind" || this.#stage === "backing_off";
  }

  /** Resolves once a question that was put off should be tried again, or is gone. */
  get resumed(): Promise<void> {
    return this.#resumed.promise;
  }

  /** Time until a failed question is tried again, in milliseconds; undefined if it is put off for another reason. */
  get backOffMs(): number | undefined {
    return this.#stage === "backing_off" ? Math.max(0, this.#retryAt - performance.now()) : undefined;
  }

  /** How many questions its place has: an upper bound for those that come first. */
  get questionsAtPlace(): number {
    return this.#place.size;
  }

  [Symbol.dispose](): void {
    if (this.#stage === "gone") return;
    this.#leave("gone");
    this.#place.leave(this);
  }

  // What follows is for the queues that the position is in.

  get isWaiting(): boolean {
    return this.#stage === "waiting";
  }

  get isBehind(): boolean {
    return this.#stage === "behind";
  }

  get holdsUpLater(): boolean {
    return this.#stage === "backing_off" && this.#passing === "no";
  }

  get letsLaterPass(): boolean {
    if (this.#stage === "backing_off") return this.#passing !== "no";
    return this.#passing === "always" && this.#stage === "reading";
  }

  /** True if its failures say nothing about the place: later questions were sent while it failed. */
  get isAtFault(): boolean {
    return this.#passing === "always";
  }

  go(): void {
    this.#stage = "sending";
    this.#turn.resolve(true);
  }

  putOff(): void {
    this.#leave("behind");
  }

  /** Puts the question off after a failure. Returns false if it can never be sent. */
  backOff(failure: CallFailure): boolean {
    if (this.#stage === "gone") return false;
    if (failure.kind === "transient") this.#failures += 1;
    const waitMs = waitMsOf(failure, Math.max(1, this.#failures));
    if (waitMs === undefined) return false;
    this.#leave("backing_off");
    if (this.#failures >= FAILURES_TO_PASS && this.#passing === "no") this.#passing = "once";
    const isHold = failure.kind === "transient" && !this.isAtFault;
    const backOffMs = isHold ? Math.min(waitMs, LONGEST_HOLD_MS) : waitMs;
    this.#retryAt = performance.now() + backOffMs;
    this.#timer = setTimeout(() => this.#place.resume(this), backOffMs).unref();
    return true;
  }

  resume(): void {
    clearTimeout(this.#timer);
    this.holdUpLater();
    this.#stage = "reading";
    this.#resumed.resolve();
  }

  /** Ends the one pass that it has granted. */
  holdUpLater(): void {
    if (this.#passing === "once") this.#passing = "no";
  }

  provenAtFault(): void {
    if (this.#passing === "once") this.#passing = "always";
  }

  #leave(stage: "behind" | "backing_off" | "gone"): void {
    clearTimeout(this.#timer);
    this.#stage = stage;
    this.#turn.resolve(false);
    if (stage === "gone") this.#resumed.resolve();
    else this.#resumed = Promise.withResolvers();
  }
}
