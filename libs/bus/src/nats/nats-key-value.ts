import { type KV, Kvm } from "@nats-io/kv";
import type { Bucket, BucketName, KeyValue, Revision } from "../key-value.ts";
import type { NatsParts } from "./connection/nats-parts.ts";
import { isLost, type RetryPolicy, retryUnknownOutcome } from "./connection/failures.ts";
import { bucketName } from "./streams/wanted-streams.ts";

/** Buckets of the broker, read from their leaders. */
export class NatsKeyValue implements KeyValue {
  readonly #parts: NatsParts;

  constructor(parts: NatsParts) {
    this.#parts = parts;
  }

  async bucket(name: BucketName): Promise<Bucket> {
    const kv = await new Kvm(this.#parts.js).open(bucketName(name), { allow_direct: false });
    return new NatsBucket(kv, this.#parts);
  }
}

class NatsBucket implements Bucket {
  readonly #kv: KV;
  readonly #patience: RetryPolicy;

  constructor(kv: KV, patience: RetryPolicy) {
    this.#kv = kv;
    this.#patience = patience;
  }

  get(key: string): Promise<Revision | undefined> {
    return retryUnknownOutcome(this.#patience, async () => {
      const entry = await this.#kv.get(key);
      if (entry === null || entry.operation !== "PUT") return undefined;
      return { value: entry.string(), revision: entry.revision };
    });
  }

  create(key: string, value: string): Promise<number | undefined> {
    return this.#unlessLost(() => this.#kv.create(key, value));
  }

  /** Revision 0 never exists, and the client takes it for "whatever stands". */
  async update(key: string, value: string, revision: number): Promise<number | undefined> {
    if (revision === 0) return undefined;
    return this.#unlessLost(() => this.#kv.update(key, value, revision));
  }

  /** A key with a wildcard would delete all that it matches: the client refuses such keys everywhere but here. */
  async delete(key: string, revision: number): Promise<boolean> {
    if (revision === 0) return false;
    if (!/^[\w=.-]+$/.test(key)) throw new TypeError("not a key");
    const deleted = await this.#unlessLost(async () => {
      await this.#kv.delete(key, { previousSeq: revision });
      return true;
    });
    return deleted ?? false;
  }

  /** A write whose answer was lost may count as lost to itself: its caller looks what stands, as after any loss. */
  #unlessLost<Result>(write: () => Promise<Result>): Promise<Result | undefined> {
    return retryUnknownOutcome(this.#patience, async () => {
      try {
        return await write();
      } catch (error) {
        if (isLost(error)) return undefined;
        throw error;
      }
    });
  }
}
