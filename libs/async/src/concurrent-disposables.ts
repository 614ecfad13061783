/** Disposes its parts concurrently; an `AsyncDisposableStack` disposes them one after the other. */
export class ConcurrentDisposables implements AsyncDisposable {
  readonly #parts: AsyncDisposable[] = [];

  use<Part extends AsyncDisposable>(part: Part): Part {
    this.#parts.push(part);
    return part;
  }

  /** Waits for every part to end, then rejects with the first failure, if any. */
  async [Symbol.asyncDispose](): Promise<void> {
    const ends = this.#parts.map((part) => part[Symbol.asyncDispose]());
    await Promise.allSettled(ends);
    await Promise.all(ends);
  }
}
