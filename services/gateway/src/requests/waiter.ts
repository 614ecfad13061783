/** What makes a waiting call look: a decision was heard, some may have been missed, time went by, or the wait ends. */
export type WakeSource = "event" | "gap" | "recheck" | "end";

/** A call to look. `heard` is the sequence of the event that called, if all up to there is enough to see. */
export interface CallToLook {
  readonly source: WakeSource;
  readonly heard: number | undefined;
}

/** One waiting call: what makes it look again, and what ends its wait. */
export class Waiter implements Disposable {
  readonly #signal: AbortSignal;
  readonly #endsAt: number;
  #called = Promise.withResolvers<WakeSource>();
  /** Of several calls since the last look, the one that needs most. */
  #heard = 0;
  #hasEnded = false;

  /** @param signal aborted when nobody listens to the answer any more */
  constructor(seconds: number, signal: AbortSignal) {
    this.#signal = signal;
    this.#endsAt = performance.now() + seconds * 1_000;
    signal.addEventListener("abort", this.end);
    if (signal.aborted) this.end();
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Ends the wait: whoever waits looks once more and returns. */
  readonly end = (): void => {
    this.#hasEnded = true;
    this.look("end");
  };

  /** Something may have happened: look again. `heard` is the sequence of the event, if one was heard. */
  look(source: WakeSource, heard = Infinity): void {
    this.#heard = Math.max(this.#heard, heard);
    this.#called.resolve(source);
  }

  /** Resolves at the next call to look, also if that came since the last one; at the latest after `ms`, or with the end. */
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
