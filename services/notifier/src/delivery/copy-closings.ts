import { type CreatedEvent, type DecidedEvent, keyToken } from "@loopgate/contracts";
import type { Copy } from "@loopgate/domain";
import type { CallResult, ChannelSender } from "@loopgate/requests";
import { LRUCache } from "lru-cache";

/** How many closed copies a process remembers. */
const REMEMBERED_COPIES = 10_000;

/**
 * Closes copies, each once in this process. Every event of a decided question asks for all its copies to be closed, and so
 * does every press on one of them: repeated edits would use up the provider's rate, which other questions wait for.
 */
export class CopyClosings {
  /** The closings that are under way or have succeeded. */
  readonly #closings = new LRUCache<string, Promise<CallResult<void>>>({ max: REMEMBERED_COPIES });

  /** What failed is tried again by the next call. */
  async close(
    sender: ChannelSender,
    copy: Copy,
    { created, decided }: { readonly created: CreatedEvent; readonly decided: DecidedEvent },
  ): Promise<CallResult<void>> {
    const key = keyToken(copy.endpoint, copy.copy);
    const known = this.#closings.get(key);
    if (known !== undefined) return known;
    const closing = sender.closeCopy(copy, created, decided);
    this.#closings.set(key, closing);
    let isClosed = false;
    try {
      const result = await closing;
      isClosed = result.kind === "ok";
      return result;
    } finally {
      if (!isClosed) this.#closings.delete(key);
    }
  }
}
