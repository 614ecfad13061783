import { parseRequestSubject, type ParsedEntry, parsedEntry, type RequestRef } from "@loopgate/contracts";
import { createdOf, decisionOf, fold, type RequestSet } from "@loopgate/domain";
import type { AnyBulkWriteOperation } from "mongodb";
import { type AskedKeys, askedKeysOf, type EndedKeys, endedKeysOf } from "./list-keys.ts";

export const COLLECTION = "requests";

/** The status of a request that is not decided. The others are the kinds of decisions. */
export const PENDING = "pending";

/**
 * A request. Each part is written with `$max`, and its first member is a sequence: MongoDB compares documents member by
 * member, so that the newest stands whatever the order and repetition of the writes. If a release adds members to a part,
 * the longer document is the greater one: neither release undoes what the other has written.
 */
export interface RequestDocument {
  /** `<tenant>.<id>`, as in subjects. */
  readonly _id: string;
  readonly tenant: string;
  /** By the last part of the subject, with `:` for its dots. */
  readonly events: Readonly<Record<string, StoredEvent>>;
  /** Of the newest question. 0.1.0 wrote neither `responders` nor `text`. */
  readonly asked?: { readonly seq: number } & Omit<AskedKeys, "responders" | "text"> & Partial<AskedKeys>;
  /**
   * Of the question or the decision, whichever is newer: a decision that is older than its question is void. Only a
   * decision has more members than these; 0.1.0 did not write them.
   */
  readonly newest?: { readonly seq: number; readonly status: string } & Partial<EndedKeys>;
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
    parts["asked"] = { seq: created.seq, ...askedKeysOf(created.event) };
    parts["newest"] = { seq: created.seq, status: PENDING };
  }
  if (decision !== undefined) {
    const { kind: status } = decision.event.data;
    parts["newest"] = { seq: decision.seq, status, ...endedKeysOf(decision.event) };
  }
  return parts;
}

/** True if 0.1.0 has stored the question or the decision: lists do not find it by all filters. */
export const lacksKeys = ({ asked, newest }: Pick<RequestDocument, "asked" | "newest">): boolean =>
  (asked !== undefined && asked.responders === undefined) ||
  (newest !== undefined && newest.status !== PENDING && newest.at === undefined);

/** Parses what this store keeps. */
export const setOf = ({ events }: Pick<RequestDocument, "events">): RequestSet =>
  fold(
    Object.values(events).map(({ seq, subject, event }) =>
      parsedEntry({ seq, subject, event: JSON.parse(event) }),
    ),
  );
