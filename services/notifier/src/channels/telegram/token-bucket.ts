import { setTimeout as pause } from "node:timers/promises";

/** A rate: `burst` at once, then `perSecond`. */
export class TokenBucket {
  readonly #burst: number;
  readonly #perSecond: number;
  #tokens: number;
  #filledAt = Date.now();

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
