import { sleep } from "@loopgate/async";

/** Nobody is sent away for longer: those before them may have gone elsewhere meanwhile. */
const LONGEST_AWAY_MS = 300_000;

/** A rate: `burst` at once, then `perSecond`. */
export class TokenBucket {
  readonly #burst: number;
  readonly #perSecond: number;
  #tokens: number;
  #filledAt = performance.now();
  #away = 0;

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
   * When somebody with `ahead` others before them should ask again, in milliseconds: after half of the wait. So about two
   * ask for each one that goes, however many there are.
   */
  askAgainMs(ahead: number): number {
    return Math.min(this.waitMs(ahead), LONGEST_AWAY_MS) / 2;
  }

  /**
   * The same for those who go in no order: behind `ahead` others, for whom the line has no place, and all who were sent
   * away before; not all at once.
   */
  sendAway(ahead: number): number {
    const waitMs = this.askAgainMs(ahead + this.#away) * (0.5 + Math.random());
    this.#away += 1;
    setTimeout(() => (this.#away -= 1), waitMs).unref();
    return waitMs;
  }

  /** Resolves with true when it is the caller's turn, with false if `signal` ends the wait. */
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
