/** Rings after so long at the latest: a timeout does not notice that the machine slept or its clock moved. */
const LONGEST_MS = 60_000;

/** Rings once, at the earliest time that it was set to; whoever hears it looks what is due and sets it again. */
export class WakeUpTimer implements Disposable {
  readonly #ring: () => void;
  #timeout: NodeJS.Timeout | undefined;
  #at = Infinity;
  #isOff = false;

  constructor(ring: () => void) {
    this.#ring = ring;
  }

  /** @param time in milliseconds since the epoch; `Infinity` sets nothing */
  setBy(time: number): void {
    const at = Math.min(time, Date.now() + LONGEST_MS);
    if (this.#isOff || time === Infinity || this.#at <= at) return;
    this.#at = at;
    clearTimeout(this.#timeout);
    this.#timeout = setTimeout(() => this.#now(), Math.max(at - Date.now(), 0));
  }

  /** It rings no more. */
  [Symbol.dispose](): void {
    this.#isOff = true;
    clearTimeout(this.#timeout);
  }

  #now(): void {
    this.#at = Infinity;
    this.#ring();
  }
}
