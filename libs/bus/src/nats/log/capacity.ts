import { streams } from "@loopgate/contracts";
import type { JetStreamManager } from "@nats-io/jetstream";
import { hasHeadroom } from "../../capacity.ts";

/** How long a reading of the stream's size stays valid, in milliseconds. */
const REFRESH_MS = 1_000;

/** A reading expires early once this process has appended this share of the stream's maximum size. */
const REFRESH_SHARE = 0.01;

/** Bytes that the server stores per message besides its payload (subject, headers, record), approximately. */
const OVERHEAD_BYTES = 400;

/** The headroom of the requests stream, the only one with a size limit. Reads the size now and then, not per append. */
export class StreamCapacity {
  readonly #jsm: JetStreamManager;
  #hasHeadroom = true;
  #maxBytes = Infinity;
  #validUntil = 0;
  #appendedBytes = 0;
  #refreshing: Promise<void> | undefined;

  constructor(jsm: JetStreamManager) {
    this.#jsm = jsm;
  }

  /** True if the stream has headroom for another question of this size. Rejects with the server's error. */
  async hasHeadroomFor(bytes: number): Promise<boolean> {
    this.#appendedBytes += bytes + OVERHEAD_BYTES;
    const isValid =
      performance.now() < this.#validUntil && this.#appendedBytes < this.#maxBytes * REFRESH_SHARE;
    if (!isValid) {
      this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = undefined));
      await this.#refreshing;
    }
    return this.#hasHeadroom;
  }

  async #refresh(): Promise<void> {
    const { state, config } = await this.#jsm.streams.info(streams.requests.name);
    this.#maxBytes = config.max_bytes < 0 ? Infinity : config.max_bytes;
    this.#hasHeadroom = hasHeadroom(state.bytes, this.#maxBytes);
    this.#appendedBytes = 0;
    this.#validUntil = performance.now() + REFRESH_MS;
  }
}
