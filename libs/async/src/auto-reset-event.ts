import { sleep } from "./sleep.ts";

/** Wakes one waiting task. Setting it while none waits lets the next wait end at once, so that no wake-up is lost. */
export class AutoResetEvent {
  #isSet = false;
  #waiting: AbortController | undefined;

  set(): void {
    this.#isSet = true;
    this.#waiting?.abort();
  }

  /** Resolves once the event is set, and resets it; or after `ms` milliseconds, with false. */
  async wait(ms: number): Promise<boolean> {
    if (!this.#isSet) {
      this.#waiting = new AbortController();
      await sleep(ms, this.#waiting.signal);
      this.#waiting = undefined;
    }
    const wasSet = this.#isSet;
    this.#isSet = false;
    return wasSet;
  }
}
