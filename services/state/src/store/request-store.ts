import type { ParsedEntry, RequestRef } from "@loopgate/contracts";
import type { RequestSet } from "@loopgate/domain";

/** Where a page of pending requests starts: behind this request. */
export interface ListPosition {
  /** RFC 3339 UTC with milliseconds. */
  readonly createdAt: string;
  readonly id: string;
}

export interface PendingPage {
  readonly tenant: string;
  readonly sessionId?: string | undefined;
  readonly clientId?: string | undefined;
  readonly after?: ListPosition | undefined;
  readonly limit: number;
}

/**
 * The projection: each request as the set of its events, plus what lists are found by. It can be lost and rebuilt from
 * the log. Every method throws `Unavailable` when the database does not answer.
 */
export interface RequestStore {
  /** Adds entries to the sets of their requests; any order, repetition and batching gives the same store. */
  merge(entries: readonly ParsedEntry[]): Promise<void>;

  /** What is stored of a request. */
  get(ref: RequestRef): Promise<RequestSet | undefined>;

  /** Undecided requests, oldest first, at most `limit`. */
  listPending(page: PendingPage): Promise<readonly RequestSet[]>;

  /** How many requests of a tenant are undecided, counted up to `limit`. */
  countPending(tenant: string, limit: number): Promise<number>;
}
