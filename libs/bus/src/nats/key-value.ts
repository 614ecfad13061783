import { type KV, Kvm } from "@nats-io/kv";
import type { Bucket, BucketName, KeyValue, Revision } from "../key-value.ts";
import type { NatsClient } from "./connection/connect.ts";
import { isLost } from "./connection/errors.ts";
import { retryUnknownOutcome, type RetryPolicy } from "./connection/retry.ts";
import { type RoomMaker, withRoom } from "./log/reserve.ts";
import { bucketName } from "./stream-names.ts";

/** Buckets of the server, read from their leaders. */
export class NatsKeyValue implements KeyValue {
  readonly #client: Pick<NatsClient, "js">;
  readonly #retry: RetryPolicy;

  readonly #room: RoomMaker | undefined;

  constructor(client: Pick<NatsClient, "js">, retry: RetryPolicy, room?: RoomMaker) {
    this.#client = client;
    this.#retry = retry;
    this.#room = room;
  }

  async bucket(name: BucketName): Promise<Bucket> {
    const kv = await retryUnknownOutcome(this.#retry, () =>
      new Kvm(this.#client.js).open(bucketName(name), { allow_direct: false }),
    );
    return new NatsBucket(kv, this.#retry, this.#room);
  }
}

class NatsBucket implements Bucket {
  readonly #kv: KV;
  readonly #retry: RetryPolicy;

  readonly #room: RoomMaker | undefined;

  constructor(kv: KV, retry: RetryPolicy, room: RoomMaker | undefined) {
    this.#kv = kv;
    this.#retry = retry;
    this.#room = room;
  }

  get(key: string): Promise<Revision | undefined> {
    return retryUnknownOutcome(this.#retry, async () => {
      const entry = await this.#kv.get(key);
      if (entry === null || entry.operation !== "PUT") return undefined;
      return { value: entry.string(), revision: entry.revision };
    });
  }

  create(key: string, value: string): Promise<number | undefined> {
    return this.#unlessLost(() => this.#kv.create(key, value));
  }

  /** No value has revision 0; the client would take it for "any revision". */
  async update(key: string, value: string, revision: number): Promise<number | undefined> {
    if (revision === 0) return undefined;
    return this.#unlessLost(() => this.#kv.update(key, value, revision));
  }

  /** A key with a wildcard would delete every key that it matches; the client checks keys everywhere but here. */
  async delete(key: string, revision: number): Promise<boolean> {
    if (revision === 0) return false;
    if (!/^[\w=.-]+$/.test(key))
      throw new TypeError("not a key: it may contain letters, digits, _, -, = and .");
    const deleted = await this.#unlessLost(async () => {
      await this.#kv.delete(key, { previousSeq: revision });
      return true;
    });
    return deleted ?? false;
  }

  /** A retry may lose to its own first attempt, whose answer was lost. The caller re-reads the key, as after any loss. */
  #unlessLost<Result>(write: () => Promise<Result>): Promise<Result | undefined> {
    const attempt = async () => {
      try {
        return await write();
      } catch (error) {
        if (isLost(error)) return undefined;
        throw error;
      }
    };
    return withRoom(this.#room, () => retryUnknownOutcome(this.#retry, attempt));
  }
}
