/** Why a waiting call reads again: an event arrived, events may have been missed, time passed, or the wait ends. */
export type WakeSource = "event" | "gap" | "recheck" | "end";

/** A wake-up. `heard` is the sequence that the next read must include; undefined: everything. */
export interface CallToLook {
  readonly source: WakeSource;
  readonly heard: number | undefined;
}

/** One waiting call: what wakes it, and what ends its wait. */
export class Waiter implements Disposable {
  readonly #signal: AbortSignal;
  readonly #endsAt: number;
  #called = Promise.withResolvers<WakeSource>();
  /** The highest sequence of all wake-ups since the last read. */
  #heard = 0;
  #hasEnded = false;

  /** @param signal aborted when the caller disconnects */
  constructor(seconds: number, signal: AbortSignal) {
    this.#signal = signal;
    this.#endsAt = performance.now() + seconds * 1_000;
    signal.addEventListener("abort", this.end);
    if (signal.aborted) this.end();
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Ends the wait: the call reads once more and returns. */
  readonly end = (): void => {
    this.#hasEnded = true;
    this.look("end");
  };

  /** Wakes the call. `heard` is the sequence of the event that arrived; without it, the call reads everything. */
  look(source: WakeSource, heard = Infinity): void {
    this.#heard = Math.max(this.#heard, heard);
    this.#called.resolve(source);
  }

  /** Resolves at the next wake-up, at once if there was one since the last, and at the latest after `ms` or at the end. */
  async called(ms: number): Promise<CallToLook> {
    const leftMs = this.#endsAt - performance.now();
    const timer = leftMs > ms ? setTimeout(() => this.look("recheck"), ms) : setTimeout(this.end, leftMs);
    const source = await this.#called.promise;
    clearTimeout(timer);
    this.#called = Promise.withResolvers<WakeSource>();
    const heard = this.#heard === Infinity ? undefined : this.#heard;
    this.#heard = 0;
    return { source, heard };
  }

  [Symbol.dispose](): void {
    this.#signal.removeEventListener("abort", this.end);
  }
}
