import { sleep } from "@loopgate/async";
import { type CreatedEvent, eventKey, refOf, type RequestRef, requestSubject } from "@loopgate/contracts";
import type { Copy } from "@loopgate/domain";
import { type Logger, requestFields } from "@loopgate/runtime";
import type { Copies } from "./copies.ts";

/** The pause before a failed record is tried again, in milliseconds. */
const RETRY_MS = 1_000;

/**
 * Copies that were sent and are not in the log yet. As long as this process lives it goes on trying to record each, even
 * when another process has taken the lease: an unrecorded copy would stay open (I8).
 */
export class PendingRecords implements Disposable {
  readonly #copies: Copies;
  readonly #logger: Logger;
  readonly #stop = new AbortController();
  /** The number of such copies of each question, by the subject of its `created`. */
  readonly #counts = new Map<string, number>();

  constructor(copies: Copies, logger: Logger) {
    this.#copies = copies;
    this.#logger = logger;
  }

  /** True while a copy of this question waits to be recorded: another send would add a second one. */
  has(ref: RequestRef): boolean {
    return this.#counts.has(requestSubject(ref, eventKey.created));
  }

  /** Records a copy that was just sent. If that fails, it rejects and goes on trying in the background. */
  async record(created: CreatedEvent, copy: Copy): Promise<void> {
    try {
      await this.#copies.record(created, copy);
    } catch (error) {
      void this.#recordLater(created, copy);
      throw error;
    }
  }

  async #recordLater(created: CreatedEvent, copy: Copy): Promise<void> {
    this.#count(created, 1);
    while (await sleep(RETRY_MS, this.#stop.signal)) {
      try {
        await this.#copies.record(created, copy);
        return this.#count(created, -1);
      } catch (error) {
        this.#logger.warn(
          { ...requestFields(created), ...copy, err: error },
          "a copy could not be recorded: it is tried again",
        );
      }
    }
  }

  #count(created: CreatedEvent, change: 1 | -1): void {
    const subject = requestSubject(refOf(created), eventKey.created);
    const count = (this.#counts.get(subject) ?? 0) + change;
    if (count === 0) this.#counts.delete(subject);
    else this.#counts.set(subject, count);
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
  }
}
