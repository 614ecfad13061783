/** A value with the revision that an update must name. */
export interface Revision {
  readonly value: string;
  readonly revision: number;
}

/** Keys are letters, digits, `_`, `-`, `=` and `.`; encode caller text with `keyToken`. Reads see every answered write. */
export interface Bucket {
  get(key: string): Promise<Revision | undefined>;

  /** The new revision, or undefined if the key exists. */
  create(key: string, value: string): Promise<number | undefined>;

  /** The new revision, or undefined if the key is gone or has moved on from `revision`. */
  update(key: string, value: string, revision: number): Promise<number | undefined>;

  /** False if the key is gone or has moved on from `revision`. */
  delete(key: string, revision: number): Promise<boolean>;
}

/** Durable buckets. All methods throw `Unavailable` when the store does not answer. */
export interface KeyValue {
  bucket(name: BucketName): Promise<Bucket>;
}

/** `channels` holds what a channel must upsert beyond any request: where a chat moved, when a bot was last heard. */
export const bucketNames = ["sessions", "copies", "leases", "channels"] as const;
export type BucketName = (typeof bucketNames)[number];

/** How long a value lives after its last write, in milliseconds; absent: for ever. */
export type BucketLifetimes = { readonly [name in BucketName]?: number | undefined };

/** How long a lease lives without renewal, in milliseconds: whoever dies is replaced in under 15 s. */
export const LEASE_MS = 10_000;

/** The lifetimes that all services of a deployment agree on: a copy is known as long as the log keeps its question. */
export const lifetimesFor = (retentionMs: number): BucketLifetimes => ({
  sessions: undefined,
  copies: retentionMs,
  leases: LEASE_MS,
  channels: undefined,
});
