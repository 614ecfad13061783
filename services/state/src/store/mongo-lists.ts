import type { RequestStatus } from "@loopgate/contracts";
import type { Filter, Sort } from "mongodb";
import { documentId, PENDING, type RequestDocument } from "./mongo-document.ts";
import { asksForDecision, type ListFilter, type ListPage } from "./request-store.ts";

const byAge = { "asked.at": 1, _id: 1 } as const;
const byStatusAndAge = { "newest.status": 1, ...byAge } as const;
const pendingOnly = { partialFilterExpression: { "newest.status": PENDING } } as const;
const endedOnly = { partialFilterExpression: { "newest.at": { $exists: true } } } as const;

/**
 * What lists are read by: a page costs as much at any number of requests stored. The indexes of pending requests are those
 * of 0.1.0, whose services name them.
 */
export const indexes = [
  { name: "pending_by_age", key: { tenant: 1, ...byAge }, ...pendingOnly },
  { name: "pending_by_session", key: { tenant: 1, "asked.session": 1, ...byAge }, ...pendingOnly },
  { name: "pending_by_client", key: { tenant: 1, "asked.client": 1, ...byAge }, ...pendingOnly },
  { name: "pending_by_responder", key: { tenant: 1, "asked.responders": 1, ...byAge }, ...pendingOnly },
  { name: "ended_by_age", key: { tenant: 1, ...byStatusAndAge }, ...endedOnly },
  { name: "ended_by_session", key: { tenant: 1, "asked.session": 1, ...byStatusAndAge }, ...endedOnly },
  { name: "ended_by_client", key: { tenant: 1, "asked.client": 1, ...byStatusAndAge }, ...endedOnly },
  { name: "ended_by_responder", key: { tenant: 1, "asked.responders": 1, ...byStatusAndAge }, ...endedOnly },
  { name: "ended_by_decider", key: { tenant: 1, "newest.deciders": 1, ...byStatusAndAge }, ...endedOnly },
  /** Without a language: every word counts, and as it is written. */
  {
    name: "by_words",
    key: { tenant: 1, "asked.text": "text", "newest.text": "text" },
    default_language: "none",
  },
] as const;

/** A query along one index, in the order of its page. A filter is the union of at most two: pending and ended requests. */
export interface Arm {
  readonly filter: Filter<RequestDocument>;
  readonly options: { readonly hint?: string };
}

export const sortOf = ({ order }: Pick<ListPage, "order">): Sort => {
  const direction = order === "asc" ? 1 : -1;
  return { "asked.at": direction, _id: direction };
};

export function armsOf(filter: ListFilter, page?: Pick<ListPage, "order" | "after">): readonly Arm[] {
  const ended = filter.statuses.filter((status) => status !== "pending");
  const isPendingAsked = filter.statuses.includes("pending") && !asksForDecision(filter);
  const arms: Arm[] = [];
  const conditions = conditionsOf(filter, page);
  if (isPendingAsked) {
    // A document that has only its decision so far is not pending.
    const pending = { "newest.status": PENDING };
    arms.push({ filter: { $and: [pending, ...conditions] }, options: optionsOf("pending", filter) });
  }
  if (ended.length > 0) {
    const isEnded = { "newest.status": { $in: ended.map(storedStatusOf) }, "newest.at": { $exists: true } };
    arms.push({
      filter: { $and: [isEnded, HAS_QUESTION, ...conditions] },
      options: optionsOf("ended", filter),
    });
  }
  return arms;
}

const HAS_QUESTION = { "asked.seq": { $exists: true } };

const storedStatusOf = (status: RequestStatus): string => (status === "decided" ? "answered" : status);

/** MongoDB finds words by their own index and by no other, and sorts what it finds. */
const optionsOf = (state: "pending" | "ended", filter: ListFilter): Arm["options"] =>
  filter.words === undefined ? { hint: `${state}_by_${leadOf(filter)}` } : {};

/** The narrowest of what the filter names. */
function leadOf({ sessionId, clientId, principals, decidedBy }: ListFilter): string {
  if (decidedBy !== undefined) return "decider";
  if (principals !== undefined) return "responder";
  if (sessionId !== undefined) return "session";
  return clientId === undefined ? "age" : "client";
}

function conditionsOf(
  filter: ListFilter,
  page: Pick<ListPage, "order" | "after"> | undefined,
): readonly Filter<RequestDocument>[] {
  const { tenant, sessionId, clientId, principals, outcome, channel, decidedBy, words } = filter;
  const { createdAfter, createdBefore } = filter;
  const conditions: Filter<RequestDocument>[] = [{ tenant }];
  if (sessionId !== undefined) conditions.push({ "asked.session": sessionId });
  if (clientId !== undefined) conditions.push({ "asked.client": clientId });
  if (principals !== undefined) conditions.push({ "asked.responders": { $in: [...principals] } });
  if (outcome !== undefined) conditions.push({ "newest.outcome": outcome });
  if (channel !== undefined) conditions.push({ "newest.channel": channel });
  if (decidedBy !== undefined) conditions.push({ "newest.deciders": decidedBy });
  if (createdAfter !== undefined) conditions.push({ "asked.at": { $gte: createdAfter } });
  if (createdBefore !== undefined) conditions.push({ "asked.at": { $lt: createdBefore } });
  if (words !== undefined) conditions.push({ $text: { $search: words.map(quoted).join(" ") } });
  if (page?.after !== undefined) conditions.push(behind(tenant, page.after, page.order));
  return conditions;
}

/** All quoted words must occur; of words without quotes, any. */
const quoted = (word: string): string => `"${word.replaceAll(/["\\]/g, "")}"`;

/** The bound beside the alternative lets the index start at the position. */
function behind(
  tenant: string,
  { createdAt, id }: NonNullable<ListPage["after"]>,
  order: ListPage["order"],
): Filter<RequestDocument> {
  const _id = documentId({ tenant, id });
  return order === "asc"
    ? { "asked.at": { $gte: createdAt }, $or: [{ "asked.at": { $gt: createdAt } }, { _id: { $gt: _id } }] }
    : { "asked.at": { $lte: createdAt }, $or: [{ "asked.at": { $lt: createdAt } }, { _id: { $lt: _id } }] };
}
