import { z } from "zod";
import { Action } from "./action.ts";
import { Option, Recipient } from "./events.ts";
import { RequestView } from "./view.ts";

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

/** `limit` is 1–100; `cursor` is a `next_cursor` of an earlier reply. Oldest first, pending only. */
export const ListQuery = z.object({
  tenant: z.string(),
  session_id: z.string().optional(),
  client_id: z.string().optional(),
  limit: z.number().int().min(1).max(100),
  cursor: z.string().optional(),
});
export type ListQuery = z.infer<typeof ListQuery>;

export const ListReply = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("page"),
    requests: z.array(RequestDetails),
    next_cursor: z.string().optional(),
  }),
  z.object({ kind: z.literal("invalid_cursor") }),
]);
export type ListReply = z.infer<typeof ListReply>;

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
