import { streams } from "@loopgate/contracts";
import type { JetStreamManager } from "@nats-io/jetstream";
import { hasHeadroom, NEARLY_FULL, NO_ROOM } from "../../capacity.ts";
import { readReserve } from "./reserve.ts";

/** How long a reading of the stream's size stays valid, in milliseconds. */
const REFRESH_MS = 1_000;

/** How long questions are rejected after the server had no room for one, in milliseconds, before it is tried again. */
const FULL_MS = 5_000;

/** A reading expires early once this process has appended this share of the stream's maximum size. */
const REFRESH_SHARE = 0.01;

/** Bytes that the server stores per message besides its payload (subject, headers, record), approximately. */
const OVERHEAD_BYTES = 400;

/**
 * The room for questions: the headroom of the requests stream, and the reserve for decisions, which must be whole. Reads
 * both now and then, not per append.
 */
export class LogCapacity {
  readonly #jsm: JetStreamManager;
  #rejection: string | undefined;
  #maxBytes = Infinity;
  #validUntil = 0;
  #fullUntil = 0;
  #appendedBytes = 0;
  #refreshing: Promise<void> | undefined;

  constructor(jsm: JetStreamManager) {
    this.#jsm = jsm;
  }

  /** Why a question of this size is rejected; undefined if it is not. Rejects with the server's error. */
  async rejectionOf(bytes: number): Promise<string | undefined> {
    this.#appendedBytes += bytes + OVERHEAD_BYTES;
    return this.rejection();
  }

  /** Why questions are rejected now. */
  async rejection(): Promise<string | undefined> {
    if (performance.now() < this.#fullUntil) return NO_ROOM;
    const isValid =
      performance.now() < this.#validUntil && this.#appendedBytes < this.#maxBytes * REFRESH_SHARE;
    if (!isValid) {
      this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = undefined));
      await this.#refreshing;
    }
    return this.#rejection;
  }

  /** The server had no room. */
  reportFull(): void {
    this.#fullUntil = performance.now() + FULL_MS;
  }

  async #refresh(): Promise<void> {
    const { maxBytes, isNearlyFull, hasReserve } = await readRoom(this.#jsm);
    this.#maxBytes = maxBytes;
    const full = isNearlyFull ? NEARLY_FULL : undefined;
    this.#rejection = hasReserve ? full : NO_ROOM;
    this.#appendedBytes = 0;
    this.#validUntil = performance.now() + REFRESH_MS;
  }
}

/** The room for questions, as the server has it now. */
export async function readRoom(jsm: JetStreamManager): Promise<{
  readonly maxBytes: number;
  readonly isNearlyFull: boolean;
  /** False while the reserve for decisions is used up. */
  readonly hasReserve: boolean;
}> {
  const [{ state, config }, { isReleased }] = await Promise.all([
    jsm.streams.info(streams.requests.name),
    readReserve({ jsm }),
  ]);
  const maxBytes = config.max_bytes < 0 ? Infinity : config.max_bytes;
  return { maxBytes, isNearlyFull: !hasHeadroom(state.bytes, maxBytes), hasReserve: !isReleased };
}
