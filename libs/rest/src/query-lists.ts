import type { RequestQueries } from "@loopgate/bus";
import { type ApiFailure, invalidArguments } from "./api-error.ts";
import { clamp } from "./arguments.ts";
import type { RequestLister } from "./request-reader.ts";

const [DEFAULT_LIMIT, MAX_LIMIT] = [20, 100];

/** Lists and counts by the queries that `state` answers. */
export const queryLists = (queries: RequestQueries): RequestLister => ({
  list: async ({ limit = DEFAULT_LIMIT, ...filter }, { caller: { tenant } }) => {
    const page = await queries.list({ ...filter, tenant, limit: clamp(limit, 1, MAX_LIMIT) });
    if (page.kind === "invalid_cursor") return CURSOR_OF_OTHERS;
    return { kind: "page", requests: page.requests, nextCursor: page.next_cursor };
  },
  count: (filter, { caller: { tenant } }) => queries.count({ ...filter, tenant }),
});

const CURSOR_OF_OTHERS: ApiFailure = invalidArguments([
  { path: ["cursor"], detail: "is not the next_cursor of an earlier page with the same filters" },
]);
