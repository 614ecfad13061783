import { sleep } from "@loopgate/async";

/** Upper bound for a retry hint, in milliseconds: the queue may have drained by then. */
const LONGEST_HINT_MS = 300_000;

/** Limits a rate: `burst` calls at once, then `perSecond`. */
export class TokenBucket {
  readonly #burst: number;
  readonly #perSecond: number;
  #tokens: number;
  #filledAt = performance.now();
  #deferred = 0;

  constructor({ burst, perSecond }: { readonly burst: number; readonly perSecond: number }) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#tokens = burst;
  }

  /** True if it is full again: its past use no longer matters. */
  get isFull(): boolean {
    this.#fill();
    return this.#tokens >= this.#burst;
  }

  /** Time until the turn of a caller with `ahead` callers before it, in milliseconds. */
  waitMs(ahead: number): number {
    this.#fill();
    return Math.max(0, ((ahead + 1 - this.#tokens) / this.#perSecond) * 1_000);
  }

  /**
   * When a caller with `ahead` callers before it should try again, in milliseconds: after half of the wait, so that about
   * two callers try for each one that may call, however many wait.
   */
  retryHintMs(ahead: number): number {
    return Math.min(this.waitMs(ahead), LONGEST_HINT_MS) / 2;
  }

  /** Like {@link retryHintMs}, for callers without an order: counts those already deferred, and adds jitter. */
  deferMs(ahead: number): number {
    const waitMs = this.retryHintMs(ahead + this.#deferred) * (0.5 + Math.random());
    this.#deferred += 1;
    setTimeout(() => (this.#deferred -= 1), waitMs).unref();
    return waitMs;
  }

  /** Resolves with true at the caller's turn, or with false if `signal` ends the wait. */
  async take(signal: AbortSignal): Promise<boolean> {
    const waitMs = this.waitMs(0);
    this.#tokens -= 1;
    if (waitMs === 0) return true;
    return sleep(waitMs, signal);
  }

  #fill(): void {
    const now = performance.now();
    const earned = ((now - this.#filledAt) / 1_000) * this.#perSecond;
    this.#tokens = Math.min(this.#burst, this.#tokens + earned);
    this.#filledAt = now;
  }
}
