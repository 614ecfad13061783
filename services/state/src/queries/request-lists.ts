import {
  COUNTED_TO,
  type CountReply,
  type ListQuery,
  type ListReply,
  refOf,
  type RequestFilter,
  type RequestStatus,
} from "@loopgate/contracts";
import type { Consumption } from "@loopgate/bus";
import type { RequestLog } from "@loopgate/requests";
import {
  createdOf,
  decisionOf,
  hasEnded,
  merge,
  requestDetailsOf,
  type RequestSet,
  statusOf,
} from "@loopgate/domain";
import type { ListPosition, RequestStore } from "../store/request-store.ts";
import { cursorOf, positionOf } from "./cursor.ts";
import { filterTagOf, listFilterOf, orderOf } from "./list-filter.ts";
import { expiredByLoss } from "./log-loss.ts";

/** A page has to fit into one NATS message, of at most a megabyte: long questions make it shorter than its limit. */
const MAX_PAGE_BYTES = 800_000;

/** How long a list waits for the projection to catch up, in milliseconds. */
const CATCH_UP_MS = 1_000;

export interface ListOptions {
  readonly requests: RequestLog;
  readonly projection: Pick<Consumption, "waitForCatchUp">;
  readonly store: RequestStore;
  readonly now: () => Date;
}

/** Lists and counts from the store. No list shows a request as pending that the log knows to be decided. */
export class RequestLists {
  readonly #parts: ListOptions;

  constructor(parts: ListOptions) {
    this.#parts = parts;
  }

  async list(query: ListQuery): Promise<ListReply> {
    const filterTag = filterTagOf(query);
    const after = query.cursor === undefined ? undefined : positionOf(query.cursor, filterTag);
    if (query.cursor !== undefined && after === undefined) return { kind: "invalid_cursor" };
    const found = await this.#find(query, after);
    const fitted = fitting(found.slice(0, query.limit));
    const current = await Promise.all(fitted.map((set) => this.#current(set, query.status ?? ["pending"])));
    const requests = current.flatMap((set) => (set && requestDetailsOf(set)) ?? []);
    const last = fitted.at(-1);
    if (found.length === fitted.length || last === undefined) return { kind: "page", requests };
    return { kind: "page", requests, next_cursor: cursorOf(last, filterTag) };
  }

  async count(query: RequestFilter): Promise<CountReply> {
    const { projection, store } = this.#parts;
    const filter = listFilterOf(query);
    if (filter === undefined) return { count: 0, is_exact: true };
    await projection.waitForCatchUp(CATCH_UP_MS);
    const count = await store.count(filter, COUNTED_TO + 1);
    return { count: Math.min(count, COUNTED_TO), is_exact: count <= COUNTED_TO };
  }

  /** One more than fits the page, if there are more. */
  async #find(query: ListQuery, after: ListPosition | undefined): Promise<readonly RequestSet[]> {
    const { projection, store } = this.#parts;
    const filter = listFilterOf(query);
    if (filter === undefined) return [];
    await projection.waitForCatchUp(CATCH_UP_MS);
    return store.list({ filter, order: orderOf(query), after, limit: query.limit + 1 });
  }

  /**
   * The request as it is now, if it still has one of these statuses: the projection may lag behind the log, and the log may
   * have lost a question.
   */
  async #current(set: RequestSet, statuses: readonly RequestStatus[]): Promise<RequestSet | undefined> {
    const current = decisionOf(set) === undefined ? await this.#withLog(set) : set;
    return statuses.includes(statusOf(decisionOf(current)?.event)) ? current : undefined;
  }

  async #withLog(set: RequestSet): Promise<RequestSet> {
    const { requests, now } = this.#parts;
    const created = createdOf(set);
    if (created === undefined) return set;
    const ref = refOf(created.event);
    const decision = await requests.decision(ref);
    if (decision !== undefined) return merge(set, [decision]);
    // Past its end, a question that the log has lost can never be decided.
    const isLost = hasEnded(created.event, now()) && (await requests.created(ref)) === undefined;
    return isLost ? expiredByLoss(set, created) : set;
  }
}

/** As many of the first sets as a page can hold; at least one. */
function fitting(sets: readonly RequestSet[]): readonly RequestSet[] {
  let bytes = 0;
  const end = sets.findIndex((set, index) => {
    bytes += Buffer.byteLength(JSON.stringify(requestDetailsOf(set) ?? null));
    return bytes > MAX_PAGE_BYTES && index > 0;
  });
  return end === -1 ? sets : sets.slice(0, end);
}
