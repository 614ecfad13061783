import { sleep } from "@loopgate/async";
import type { ParsedEntry } from "@loopgate/contracts";
import { Unavailable } from "@loopgate/bus";
import type { RequestStore } from "../store/request-store.ts";

interface Waiting {
  readonly entry: ParsedEntry;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** More entries in a write, or more writes at a time, gain little (measured: reference eventlog.md 3). */
const BATCH = 500;
const MAX_WRITES = 4;

/** How soon a store that is away is tried again. */
const TRY_AGAIN_MS = 500;

/** So many entries keep the store busy. */
export const ENOUGH_IN_FLIGHT = BATCH * MAX_WRITES;

/** Merges entries into a store, those that wait at the same time together. */
export class MergeBatches {
  readonly #store: RequestStore;
  readonly #patienceMs: number;
  #waiting: Waiting[] = [];
  #writes = 0;
  #isDue = false;

  /** `patienceMs` is how long a merge waits for a store that is away. */
  constructor(store: RequestStore, patienceMs: number) {
    this.#store = store;
    this.#patienceMs = patienceMs;
  }

  /**
   * Resolves once the entry is durable; rejects for this entry alone, or with `Unavailable` when patience is at its end
   * or `signal` aborts.
   */
  async merge(entry: ParsedEntry, signal?: AbortSignal): Promise<void> {
    const deadline = performance.now() + this.#patienceMs;
    for (;;) {
      try {
        return await this.#mergeOnce(entry);
      } catch (error) {
        const isOver = signal?.aborted === true || performance.now() >= deadline;
        if (isOver || !(error instanceof Unavailable)) throw error;
        await sleep(TRY_AGAIN_MS, signal);
      }
    }
  }

  #mergeOnce(entry: ParsedEntry): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ entry, resolve, reject });
    if (!this.#isDue) setImmediate(() => this.#startWrites());
    this.#isDue = true;
    return promise;
  }

  /** One write takes whatever there is; those beside it wait until they are worth it. */
  #startWrites(): void {
    this.#isDue = false;
    while (this.#waiting.length > 0 && this.#writes < MAX_WRITES) {
      if (this.#writes > 0 && this.#waiting.length < BATCH) return;
      this.#writes += 1;
      void this.#write(this.#waiting.splice(0, BATCH)).finally(() => {
        this.#writes -= 1;
        this.#startWrites();
      });
    }
  }

  /** A batch that the store does not take is halved until what is wrong with it stands alone: merges can be repeated. */
  async #write(batch: readonly Waiting[]): Promise<void> {
    try {
      await this.#store.merge(batch.map(({ entry }) => entry));
      for (const { resolve } of batch) resolve();
    } catch (error) {
      if (batch.length === 1 || error instanceof Unavailable) {
        for (const { reject } of batch) reject(error);
        return;
      }
      const half = Math.ceil(batch.length / 2);
      await this.#write(batch.slice(0, half));
      await this.#write(batch.slice(half));
    }
  }
}
