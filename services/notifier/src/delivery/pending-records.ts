import { sleep } from "@loopgate/async";
import { type CreatedEvent, eventKey, type RequestRef, requestSubject } from "@loopgate/contracts";
import type { Copy } from "@loopgate/domain";
import { requestFields } from "@loopgate/runtime";
import { type CopyParts, recordCopy } from "./copies.ts";

/** How soon a record that the log did not take is tried again, in milliseconds. */
const RETRY_MS = 1_000;

/**
 * Messages that stand in a chat and not yet in the log. Each is recorded in the end, for as long as this process lives,
 * whoever has the lease by then: otherwise it would stay open (I8). Disposed of, it tries no further.
 */
export class PendingRecords implements Disposable {
  readonly #parts: CopyParts;
  readonly #stop = new AbortController();
  /** How many there are of a question, by its subject. */
  readonly #counts = new Map<string, number>();

  constructor(parts: CopyParts) {
    this.#parts = parts;
  }

  /** True while a message of this question waits to be recorded: to send another one would double it. */
  has(ref: RequestRef): boolean {
    return this.#counts.has(requestSubject(ref, eventKey.created));
  }

  /** Records a message that was just sent; rejects if that can't be done at once. */
  async record(created: CreatedEvent, copy: Copy): Promise<void> {
    try {
      await recordCopy(this.#parts, created, copy);
    } catch (error) {
      void this.#recordLater(created, copy);
      throw error;
    }
  }

  async #recordLater(created: CreatedEvent, copy: Copy): Promise<void> {
    this.#count(created, 1);
    while (await this.#hasPassed(RETRY_MS)) {
      try {
        await recordCopy(this.#parts, created, copy);
        return this.#count(created, -1);
      } catch (error) {
        this.#parts.logger.warn(
          { ...requestFields(created), ...copy, err: error },
          "a message that was sent could not be recorded",
        );
      }
    }
  }

  #count({ tenant, subject: id }: CreatedEvent, change: 1 | -1): void {
    const subject = requestSubject({ tenant, id }, eventKey.created);
    const count = (this.#counts.get(subject) ?? 0) + change;
    if (count === 0) this.#counts.delete(subject);
    else this.#counts.set(subject, count);
  }

  /** False once it is disposed of. */
  #hasPassed(ms: number): Promise<boolean> {
    return sleep(ms, this.#stop.signal);
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
  }
}
