import { Unavailable } from "../../event-log.ts";

/** How long a write without an answer counts, in milliseconds, unless a later one is answered. */
const REMEMBER_MS = 60_000;

/**
 * Remembers writes that the server did not answer. A stream that could not write to its disk answers no write until the
 * server is restarted, and goes on answering reads (nats-server 2.15).
 */
export class StoringWatch {
  #unansweredAt = -Infinity;

  async follow<Result>(write: () => Promise<Result>): Promise<Result> {
    try {
      const result = await write();
      this.#unansweredAt = -Infinity;
      return result;
    } catch (error) {
      if (error instanceof Unavailable && isTimeout(error.cause)) this.#unansweredAt = performance.now();
      throw error;
    }
  }

  /** @throws Unavailable while the latest write of the last minute was not answered. */
  check(): void {
    if (performance.now() - this.#unansweredAt >= REMEMBER_MS) return;
    throw new Unavailable(
      "NATS has not answered a write within the last minute: check the server's log and disk; a stream that could " +
        "not write stores nothing until the server is restarted",
    );
  }
}

const isTimeout = (cause: unknown): boolean => cause instanceof Error && cause.name === "TimeoutError";
