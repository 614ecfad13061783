import type { Bucket } from "@loopgate/bus";

/** An interval without contact: what was sent to the account in between may be lost. RFC 3339 UTC with milliseconds. */
export interface Silence {
  readonly from: string;
  readonly to: string;
}

/** When a channel's account was last in contact with its provider, across processes. */
export class LastContact {
  readonly #bucket: Bucket;
  readonly #key: string;

  /** @param bucket the `channels` bucket */
  constructor(bucket: Bucket, { name, account }: { readonly name: string; readonly account: string }) {
    this.#bucket = bucket;
    this.#key = `${name}_${account}.heard`;
  }

  /** Remembers the first contact of an account that never had any. */
  async markFirst(now: Date): Promise<undefined> {
    await this.#bucket.create(this.#key, now.toISOString());
  }

  /**
   * Remembers a contact, and returns the time since the last one. If several processes mark at once, only one of them is
   * told. Undefined for the first contact, and for the others.
   */
  async mark(now: Date): Promise<Silence | undefined> {
    const last = await this.#bucket.get(this.#key);
    if (last === undefined) return this.markFirst(now);
    const to = now.toISOString();
    const revision = await this.#bucket.update(this.#key, to, last.revision);
    return revision === undefined ? undefined : { from: last.value, to };
  }
}
