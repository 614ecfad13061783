/** An uninterrupted time of holding a lease, by this process's own clock, so that it ends also while the process is frozen. */
export class HeldLease {
  readonly #over = new AbortController();
  #until = -Infinity;
  #timer: NodeJS.Timeout | undefined;

  /** Aborted at its end, to cut what is under way. A process that was frozen may go on before it hears of that. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** To be asked just before whatever only the holder may do. Once it says no, it says so for ever. */
  isHeld(): boolean {
    if (performance.now() >= this.#until) this.end();
    return !this.signal.aborted;
  }

  /** Lets it last until then, if it is not over. */
  extend(until: number): void {
    clearTimeout(this.#timer);
    this.#until = until;
    this.#timer = setTimeout(() => this.end(), until - performance.now());
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#over.abort();
  }
}
