import { parseRequestSubject, type ParsedEntry, parsedEntry, type RequestRef } from "@loopgate/contracts";
import { createdOf, decisionOf, fold, type RequestSet } from "@loopgate/domain";
import type { AnyBulkWriteOperation, Filter } from "mongodb";
import type { ListPosition, PendingPage } from "./request-store.ts";

export const COLLECTION = "requests";

const PENDING = "pending";

/**
 * A request. Each part is written with `$max`, and its first member is a sequence: MongoDB compares documents member by
 * member, so that the newest stands whatever the order and repetition of the writes.
 */
export interface RequestDocument {
  /** `<tenant>.<id>`, as in subjects. */
  readonly _id: string;
  readonly tenant: string;
  /** By the last part of the subject, with `:` for its dots. */
  readonly events: Readonly<Record<string, StoredEvent>>;
  /** Of the newest question: what lists are found by. */
  readonly asked?: {
    readonly seq: number;
    readonly at: string;
    readonly session: string;
    readonly client: string;
  };
  /** Of the question or the decision, whichever is newer: a decision that is older than its question is void. */
  readonly newest?: { readonly seq: number; readonly status: string };
}

interface StoredEvent {
  readonly seq: number;
  readonly subject: string;
  /** JSON text, because metadata may hold any key at any depth. */
  readonly event: string;
}

export const documentId = ({ tenant, id }: RequestRef): string => `${tenant}.${id}`;

/** One update a request. */
export function mergeOperations(
  entries: readonly ParsedEntry[],
): readonly AnyBulkWriteOperation<RequestDocument>[] {
  const byRequest = Map.groupBy(entries, ({ subject }) => {
    const ref = parseRequestSubject(subject);
    return ref === undefined ? "" : documentId(ref);
  });
  return [...byRequest].flatMap(([_id, group]) => {
    const tenant = parseRequestSubject(group[0]?.subject ?? "")?.tenant;
    const parts = partsOf(group);
    if (tenant === undefined || Object.keys(parts).length === 0) return [];
    const update = { $setOnInsert: { tenant }, $max: parts };
    return [{ updateOne: { filter: { _id }, update, upsert: true } }];
  });
}

/** What these entries of one request say about its document, by path. */
function partsOf(entries: readonly ParsedEntry[]): Readonly<Record<string, unknown>> {
  const set = fold(entries);
  const [created, decision] = [createdOf(set), decisionOf(set)];
  const parts: Record<string, unknown> = {};
  for (const [key, { seq, subject, event }] of Object.entries(set)) {
    parts[`events.${key.replaceAll(".", ":")}`] = { seq, subject, event: JSON.stringify(event) };
  }
  if (created !== undefined) {
    const { time, data } = created.event;
    parts["asked"] = { seq: created.seq, at: time, session: data.session_id, client: data.client_id };
    parts["newest"] = { seq: created.seq, status: PENDING };
  }
  if (decision !== undefined) parts["newest"] = { seq: decision.seq, status: decision.event.data.kind };
  return parts;
}

/** Parses what this store keeps. */
export const setOf = ({ events }: Pick<RequestDocument, "events">): RequestSet =>
  fold(
    Object.values(events).map(({ seq, subject, event }) =>
      parsedEntry({ seq, subject, event: JSON.parse(event) }),
    ),
  );

const pendingOnly = { partialFilterExpression: { "newest.status": PENDING } };
const byAge = { "asked.at": 1, _id: 1 } as const;

/** What lists are read by: a page costs as much at any number of requests stored. */
export const indexes = [
  { name: "pending_by_age", key: { tenant: 1, ...byAge }, ...pendingOnly },
  { name: "pending_by_session", key: { tenant: 1, "asked.session": 1, ...byAge }, ...pendingOnly },
  { name: "pending_by_client", key: { tenant: 1, "asked.client": 1, ...byAge }, ...pendingOnly },
] as const;

/** How a page of pending requests is found. A document that has only its decision so far is not pending. */
export function pageQuery({ tenant, sessionId, clientId, after }: PendingPage) {
  const filter: Filter<RequestDocument> = {
    "newest.status": PENDING,
    tenant,
    ...(sessionId === undefined ? {} : { "asked.session": sessionId }),
    ...(clientId === undefined ? {} : { "asked.client": clientId }),
    ...(after === undefined ? {} : behind(tenant, after)),
  };
  return { filter, sort: byAge, hint: hintFor(sessionId, clientId) };
}

function hintFor(
  sessionId: string | undefined,
  clientId: string | undefined,
): (typeof indexes)[number]["name"] {
  if (sessionId !== undefined) return "pending_by_session";
  return clientId === undefined ? "pending_by_age" : "pending_by_client";
}

/** The lower bound beside the alternative lets the index start at the position. */
function behind(tenant: string, { createdAt, id }: ListPosition): Filter<RequestDocument> {
  const later = { "asked.at": { $gt: createdAt } };
  return {
    "asked.at": { $gte: createdAt },
    $or: [later, { _id: { $gt: documentId({ tenant, id }) } }],
  };
}
