import { sleep } from "@loopgate/async";
import type { ParsedEntry } from "@loopgate/contracts";
import { Unavailable } from "@loopgate/bus";
import type { RequestStore } from "../store/request-store.ts";

interface Waiting {
  readonly entry: ParsedEntry;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Larger batches and more concurrent writes gain little (docs/invariants.md#mongodb-batches). */
const BATCH = 500;
const MAX_WRITES = 4;

/** The pause before a store that does not answer is tried again, in milliseconds. */
const TRY_AGAIN_MS = 500;

/** How many entries keep the store busy. */
export const ENOUGH_IN_FLIGHT = BATCH * MAX_WRITES;

/** Merges entries into a store. Entries that wait at the same time share a write. */
export class MergeBatches {
  readonly #store: RequestStore;
  readonly #patienceMs: number;
  #waiting: Waiting[] = [];
  #writes = 0;
  #isDue = false;

  /** @param patienceMs how long a merge waits for a store that does not answer */
  constructor(store: RequestStore, patienceMs: number) {
    this.#store = store;
    this.#patienceMs = patienceMs;
  }

  /**
   * Resolves once the entry is durable. Rejects if the store rejects this entry, or with `Unavailable` after `patienceMs`
   * or when `signal` aborts.
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

  /** The first write takes every waiting entry; concurrent writes start only with full batches. */
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

  /** Halves a rejected batch until the rejected entry is alone. Merging the others again is harmless. */
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
