import type { HeldLease } from "@loopgate/requests";

/**
 * Guards work that only the holder of a lease may do. It ends by this process's monotonic clock, also when the process was
 * frozen meanwhile.
 */
export class LeaseGuard implements HeldLease {
  readonly #lost = new AbortController();
  #until = -Infinity;
  #timer: NodeJS.Timeout | undefined;

  /** Aborted when the lease is lost, to cancel calls in flight. A frozen process notices when it resumes. */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /** Ask right before each call that only the holder may make. Once false, it stays false. */
  isHeld(): boolean {
    if (performance.now() >= this.#until) this.end();
    return !this.signal.aborted;
  }

  /** Extends the lease to a time of `performance.now()`, unless it is lost. */
  extend(until: number): void {
    clearTimeout(this.#timer);
    this.#until = until;
    this.#timer = setTimeout(() => this.end(), until - performance.now());
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#lost.abort();
  }
}
