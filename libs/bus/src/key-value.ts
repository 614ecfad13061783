/** A value and its revision. An update or a deletion must name the revision it was based on. */
export interface Revision {
  readonly value: string;
  readonly revision: number;
}

/**
 * A bucket of values with optimistic concurrency. Keys consist of letters, digits, `_`, `-`, `=` and `.`; encode any
 * other text with `keyToken`. A read sees every write that was acknowledged before it began. After a retry inside the
 * adapter, a write that took effect may be reported as a conflict: re-read the key.
 */
export interface Bucket {
  get(key: string): Promise<Revision | undefined>;

  /** Stores a new key. Returns its revision, or undefined if the key exists. */
  create(key: string, value: string): Promise<number | undefined>;

  /** Replaces the value. Returns the new revision, or undefined if the key's current revision is not `revision`. */
  update(key: string, value: string, revision: number): Promise<number | undefined>;

  /** Deletes the key. Returns false if its current revision is not `revision`. */
  delete(key: string, revision: number): Promise<boolean>;
}

/** Durable key-value buckets. All methods, also those of a bucket, throw `Unavailable` if the store does not answer. */
export interface KeyValue {
  bucket(name: BucketName): Promise<Bucket>;
}

/**
 * `channels` holds what a channel must remember across requests, such as its last contact; `departures` the questions whose
 * waiting callers left before they heard the id; `people` who may sign in, `web_codes` the codes to sign in with, and
 * `web_sessions` the browsers that are signed in.
 */
export const bucketNames = [
  "sessions",
  "copies",
  "leases",
  "channels",
  "departures",
  "people",
  "web_codes",
  "web_sessions",
] as const;
export type BucketName = (typeof bucketNames)[number];

/** How long a value is kept after its last write, in milliseconds. Absent: until it is deleted. */
export type BucketLifetimes = { readonly [name in BucketName]?: number | undefined };

/** How long a lease lasts without renewal, in milliseconds: a process that dies is replaced within 15 s. */
export const LEASE_MS = 10_000;

/** How long a departed caller's question can be joined, in milliseconds: clients retry within minutes. */
const DEPARTURES_MS = 900_000;

/** The longest that a code to sign in with is valid, in milliseconds. */
export const CODES_MS = 86_400_000;

/** The longest that a browser stays signed in, in milliseconds. */
export const BROWSER_SESSIONS_MS = 30 * 86_400_000;

/** The lifetimes for a deployment. A copy is kept as long as the log keeps its question. */
export const lifetimesFor = (retentionMs: number): BucketLifetimes => ({
  sessions: undefined,
  copies: retentionMs,
  leases: LEASE_MS,
  channels: undefined,
  departures: DEPARTURES_MS,
  people: undefined,
  web_codes: CODES_MS,
  web_sessions: BROWSER_SESSIONS_MS,
});
