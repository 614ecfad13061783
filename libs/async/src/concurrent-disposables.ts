/** Disposes of its parts all at once, where `AsyncDisposableStack` disposes of one after the other. */
export class ConcurrentDisposables implements AsyncDisposable {
  readonly #parts: AsyncDisposable[] = [];

  use<Part extends AsyncDisposable>(part: Part): Part {
    this.#parts.push(part);
    return part;
  }

  /** Rejects with the first failure, once every part has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    const ends = this.#parts.map((part) => part[Symbol.asyncDispose]());
    await Promise.allSettled(ends);
    await Promise.all(ends);
  }
}
