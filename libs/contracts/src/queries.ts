import { z } from "zod";
import { Action } from "./action.ts";
import { Option, Recipient } from "./events.ts";
import { RequestOutcome, RequestStatus, RequestView, TimelineEntry } from "./view.ts";

/** A request as services tell each other of it: its view, and what only some readers need of its `created`. */
export const RequestDetails = z.object({
  view: RequestView,
  /** What "the same submission" is compared by. */
  fingerprint: z.string(),
  options: z.array(Option),
  recipients: z.array(Recipient),
  /** The API key that the caller proved. */
  key_id: z.string().optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
  action: Action.optional(),
});
export type RequestDetails = z.infer<typeof RequestDetails>;

export const StatusQuery = z.object({ tenant: z.string(), id: z.string() });
export type StatusQuery = z.infer<typeof StatusQuery>;

export const StatusReply = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("found"), request: RequestDetails }),
  z.object({ kind: z.literal("not_found") }),
]);
export type StatusReply = z.infer<typeof StatusReply>;

export const TimelineReply = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("found"), request: RequestDetails, timeline: z.array(TimelineEntry) }),
  z.object({ kind: z.literal("not_found") }),
]);
export type TimelineReply = z.infer<typeof TimelineReply>;

/** A person may answer by this many principals at most. */
export const MAX_PRINCIPALS = 200;

/** A moment of the log's clock, as it writes them. */
const moment = () => z.iso.datetime({ offset: true });

/** Which requests; a member that is absent allows all. */
export const RequestFilter = z.object({
  tenant: z.string(),
  session_id: z.string().optional(),
  client_id: z.string().optional(),
  /** Absent: only pending ones. */
  status: z.array(RequestStatus).min(1).optional(),
  /** Only requests that one of these principals may answer. */
  principals: z.array(z.string()).max(MAX_PRINCIPALS).optional(),
  outcome: RequestOutcome.optional(),
  /** The channel of the answer. */
  channel: z.string().optional(),
  /** Who decided: a principal, or a person of the inbox. */
  decided_by: z.string().optional(),
  /** Created at this moment or later. */
  created_after: moment().optional(),
  /** Created before this moment. */
  created_before: moment().optional(),
  /** Words, whatever their case, that are all in the question, the answer, or the names of session and client. */
  q: z.string().optional(),
});
export type RequestFilter = z.infer<typeof RequestFilter>;

/**
 * A page of requests by the time of their creation. `limit` is 1–100; `cursor` is a `next_cursor` of an earlier reply to
 * the same filter and order.
 */
export const ListQuery = RequestFilter.extend({
  /** Absent: ascending if only pending requests are listed, else descending. */
  order: z.enum(["asc", "desc"]).optional(),
  limit: z.number().int().min(1).max(100),
  cursor: z.string().optional(),
});
export type ListQuery = z.infer<typeof ListQuery>;

/** The members of a list query that services of 0.1.0 know. */
const KNOWN_TO_ALL: ReadonlySet<string> = new Set(["tenant", "session_id", "client_id", "limit", "cursor"]);

/** True if services of every release answer this query alike. */
export const isKnownToAll = (query: ListQuery): boolean =>
  Object.entries(query).every(([name, value]) => KNOWN_TO_ALL.has(name) || value === undefined);

export const ListReply = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("page"),
    requests: z.array(RequestDetails),
    next_cursor: z.string().optional(),
  }),
  z.object({ kind: z.literal("invalid_cursor") }),
]);
export type ListReply = z.infer<typeof ListReply>;

/** How far requests are counted. */
export const COUNTED_TO = 1_000;

export const CountReply = z.object({
  /** At most {@link COUNTED_TO}. */
  count: z.int().min(0),
  /** False if there are more. */
  is_exact: z.boolean(),
});
export type CountReply = z.infer<typeof CountReply>;

export const CancelCommand = z.object({
  tenant: z.string(),
  id: z.string(),
  reason: z.string().optional(),
});
export type CancelCommand = z.infer<typeof CancelCommand>;

/** `already_decided` carries the winner's view, never a pending one; cancelling a cancelled request is `cancelled` again. */
export const CancelReply = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("cancelled"), request: RequestDetails }),
  z.object({ kind: z.literal("already_decided"), request: RequestDetails }),
  z.object({ kind: z.literal("not_found") }),
]);
export type CancelReply = z.infer<typeof CancelReply>;

/** How a reply travels: without `ok`, `state` or what it needs did not answer. */
export const QueryAnswer = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), reply: z.unknown() }),
  z.object({ ok: z.literal(false) }),
]);
export type QueryAnswer = z.infer<typeof QueryAnswer>;
