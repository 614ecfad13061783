import type { ParsedEntry, RequestOutcome, RequestRef, RequestStatus } from "@loopgate/contracts";
import type { RequestSet } from "@loopgate/domain";

/** Where a page starts: behind this request. */
export interface ListPosition {
  /** RFC 3339 UTC with milliseconds. */
  readonly createdAt: string;
  readonly id: string;
}

/** Which requests. What is absent allows all. */
export interface ListFilter {
  readonly tenant: string;
  readonly statuses: readonly RequestStatus[];
  readonly sessionId?: string | undefined;
  readonly clientId?: string | undefined;
  /** One of these principals may answer. */
  readonly principals?: readonly string[] | undefined;
  readonly outcome?: RequestOutcome | undefined;
  /** The channel of the answer. */
  readonly channel?: string | undefined;
  /** The principal or the person who decided. */
  readonly decidedBy?: string | undefined;
  /** Created at this time or later: RFC 3339 UTC with milliseconds. */
  readonly createdAfter?: string | undefined;
  /** Created before this time: RFC 3339 UTC with milliseconds. */
  readonly createdBefore?: string | undefined;
  /** Whole words, whatever their case, that all occur. A store may find parts of words, too. */
  readonly words?: readonly string[] | undefined;
}

export interface ListPage {
  readonly filter: ListFilter;
  /** By the time of creation. */
  readonly order: "asc" | "desc";
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

  list(page: ListPage): Promise<readonly RequestSet[]>;

  /** How many requests the filter finds, counted up to `limit`. */
  count(filter: ListFilter, limit: number): Promise<number>;
}

/** What only a decision has. */
export const asksForDecision = ({ outcome, channel, decidedBy }: ListFilter): boolean =>
  outcome !== undefined || channel !== undefined || decidedBy !== undefined;
