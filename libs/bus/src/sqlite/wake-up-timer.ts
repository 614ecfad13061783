/** The longest timeout, in milliseconds: a timeout does not notice that the machine slept or that its clock changed. */
const LONGEST_MS = 60_000;

/**
 * Calls `wakeUp` once, at the earliest of the times that were set, or sooner. That call checks what is due and sets the
 * next time.
 */
export class WakeUpTimer implements Disposable {
  readonly #wakeUp: () => void;
  #timeout: NodeJS.Timeout | undefined;
  #at = Infinity;
  #isDisposed = false;

  constructor(wakeUp: () => void) {
    this.#wakeUp = wakeUp;
  }

  /** @param time in milliseconds since the epoch; `Infinity` sets nothing */
  setBy(time: number): void {
    const at = Math.min(time, Date.now() + LONGEST_MS);
    if (this.#isDisposed || time === Infinity || this.#at <= at) return;
    this.#at = at;
    clearTimeout(this.#timeout);
    this.#timeout = setTimeout(() => this.#elapsed(), Math.max(at - Date.now(), 0));
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    clearTimeout(this.#timeout);
  }

  #elapsed(): void {
    this.#at = Infinity;
    this.#wakeUp();
  }
}
