import { setTimeout as pause } from "node:timers/promises";

const FARTHEST_MS = 60_000;

/** A rate: `burst` at once, then `perSecond`. */
export class TokenBucket {
  readonly #burst: number;
  readonly #perSecond: number;
  #tokens: number;
  #filledAt = Date.now();
  #reserved = 0;

  constructor({ burst, perSecond }: { readonly burst: number; readonly perSecond: number }) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#tokens = burst;
  }

  /** True if nobody took anything for so long that it is as good as new. */
  get isFull(): boolean {
    this.#fill();
    return this.#tokens >= this.#burst;
  }

  /** How long until somebody with `ahead` others before them would have their turn, in milliseconds. */
  waitMs(ahead: number): number {
    this.#fill();
    return Math.max(0, ((ahead + 1 - this.#tokens) / this.#perSecond) * 1_000);
  }

  /**
   * A time of one's own to come back at, behind `ahead` others and behind all who reserved before, in milliseconds: of a
   * thousand that must wait, one comes back when one can go. Far ahead, where many may have gone elsewhere by then, it is
   * just some time in the next minute.
   */
  reserve(ahead: number): number {
    const now = Date.now();
    const at = Math.max(this.#reserved + 1_000 / this.#perSecond, now + this.waitMs(ahead));
    if (at - now > FARTHEST_MS) return FARTHEST_MS * (0.5 + Math.random() / 2);
    this.#reserved = at;
    return at - now;
  }

  /** Resolves with true when it is the caller's turn, with false if `signal` ends the wait. */
  async take(signal: AbortSignal): Promise<boolean> {
    const waitMs = this.waitMs(0);
    this.#tokens -= 1;
    if (waitMs === 0) return true;
    return pause(waitMs, true, { signal }).catch(() => false);
  }

  #fill(): void {
    const now = Date.now();
    const earned = ((now - this.#filledAt) / 1_000) * this.#perSecond;
    this.#tokens = Math.min(this.#burst, this.#tokens + earned);
    this.#filledAt = now;
  }
}
