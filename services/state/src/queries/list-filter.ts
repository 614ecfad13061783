import {
  fingerprint,
  isKnownToAll,
  type ListQuery,
  type RequestFilter,
  timestamp,
} from "@loopgate/contracts";
import type { ListFilter, ListPage } from "../store/request-store.ts";

const TAG_CHARACTERS = 16;

/** What the store is asked for; undefined if no request can match. */
export function listFilterOf(filter: RequestFilter): ListFilter | undefined {
  const {
    tenant,
    session_id,
    client_id,
    status = ["pending"],
    principals,
    outcome,
    channel,
    decided_by,
  } = filter;
  const words = filter.q === undefined || filter.q.trim() === "" ? undefined : wordsIn(filter.q);
  if (principals?.length === 0 || words?.length === 0) return undefined;
  return {
    tenant,
    statuses: [...new Set(status)],
    sessionId: session_id,
    clientId: client_id,
    principals: principals && [...new Set(principals)],
    outcome,
    channel,
    decidedBy: decided_by,
    createdAfter: momentOf(filter.created_after),
    createdBefore: momentOf(filter.created_before),
    words,
  };
}

export function orderOf({ order, status }: Pick<ListQuery, "order" | "status">): ListPage["order"] {
  const isPendingOnly = status === undefined || status.every((one) => one === "pending");
  return order ?? (isPendingOnly ? "asc" : "desc");
}

/** Identifies the filter and the order of a list. The cursors of 0.1.0 name no filter: where it has the same list, none does. */
export function filterTagOf(query: ListQuery): string | undefined {
  if (isKnownToAll(query)) return undefined;
  const { limit: _limit, cursor: _cursor, status, principals, ...filter } = query;
  const sorted = { ...filter, status: status?.toSorted(), principals: principals?.toSorted() };
  return fingerprint(sorted).slice(0, TAG_CHARACTERS);
}

/** As the store writes times, so that their order is that of their texts. */
const momentOf = (moment: string | undefined): string | undefined =>
  moment === undefined ? undefined : timestamp(new Date(moment));

/** What has neither a letter nor a digit is no word. */
const wordsIn = (text: string): readonly string[] =>
  text.split(/[\s\p{Cc}]+/u).filter((word) => /[\p{L}\p{N}]/u.test(word));
