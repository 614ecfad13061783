import { streams } from "@loopgate/contracts";
import type { JetStreamManager } from "@nats-io/jetstream";
import { hasHeadroom } from "../../capacity.ts";

/** How long a look at the stream is good for. */
const LOOK_AGAIN_MS = 1_000;

/** After so much of the stream's size from this process alone it looks again, however soon. */
const LOOK_AGAIN_PART = 0.01;

/** What the server stores of a message beside its text: subject, headers, marks. Roughly. */
const OVERHEAD_BYTES = 400;

/** How much the requests stream, the only one with a limit, has left; looked at now and then, and not for every append. */
export class StreamCapacity {
  readonly #jsm: JetStreamManager;
  #isLeft = true;
  #maxBytes = Infinity;
  #goodUntil = 0;
  #appendedBytes = 0;
  #look: Promise<void> | undefined;

  constructor(jsm: JetStreamManager) {
    this.#jsm = jsm;
  }

  /** True if the stream has room for another question of this size; rejects as the server does. */
  async isLeftFor(bytes: number): Promise<boolean> {
    this.#appendedBytes += bytes + OVERHEAD_BYTES;
    const isGood =
      performance.now() < this.#goodUntil && this.#appendedBytes < this.#maxBytes * LOOK_AGAIN_PART;
    if (!isGood) {
      this.#look ??= this.#lookNow().finally(() => (this.#look = undefined));
      await this.#look;
    }
    return this.#isLeft;
  }

  async #lookNow(): Promise<void> {
    const { state, config } = await this.#jsm.streams.info(streams.requests.name);
    this.#maxBytes = config.max_bytes < 0 ? Infinity : config.max_bytes;
    this.#isLeft = hasHeadroom(state.bytes, this.#maxBytes);
    this.#appendedBytes = 0;
    this.#goodUntil = performance.now() + LOOK_AGAIN_MS;
  }
}
