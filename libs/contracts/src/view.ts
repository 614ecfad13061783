import { z } from "zod";
import { DecidedBy, RequestType } from "./events.ts";

export const RequestStatus = z.enum(["pending", "decided", "expired", "cancelled"]);
export type RequestStatus = z.infer<typeof RequestStatus>;

export const RequestOutcome = z.enum(["approved", "denied", "answered"]);
export type RequestOutcome = z.infer<typeof RequestOutcome>;

/**
 * A request as agents see it: the one shape of all tools (docs/interface.md#tools). Times are RFC 3339 UTC with
 * milliseconds.
 */
export const RequestView = z.object({
  request_id: z.string(),
  status: RequestStatus,
  request_type: RequestType,
  session_id: z.string(),
  client_id: z.string(),
  message: z.string(),
  /** SHA-256 over the canonical JSON (RFC 8785) of the action that the person is asked about. */
  action_digest: z.string().optional(),
  created_at: z.string(),
  expires_at: z.string(),
  delivery: z.enum(["queued", "delivered", "undelivered"]),
  /** Why no recipient can be reached, in words of Loopgate's such as `blocked`; only if `undelivered`. */
  delivery_reason: z.string().optional(),
  outcome: RequestOutcome.optional(),
  response: z.string().optional(),
  response_truncated: z.boolean().optional(),
  comment: z.string().optional(),
  approved: z.boolean().nullable(),
  decided_at: z.string().optional(),
  decided_by: DecidedBy.optional(),
  reason: z.string().optional(),
  poll_after_seconds: z.number().optional(),
});
export type RequestView = z.infer<typeof RequestView>;

/** Something that happened to a request. */
export const TimelineEntry = z
  .object({
    type: z.enum(["created", "delivered", "undelivered", "seen", "decided"]),
    at: z.string().describe("RFC 3339 UTC with milliseconds."),
    channel: z.string().optional(),
    endpoint: z
      .string()
      .optional()
      .describe("Where a copy was sent, or could not be sent; for programs alone."),
    by: DecidedBy.optional().describe("Who opened the question, or decided it."),
    reason: z.string().optional().describe("Why it could not be sent, or was withdrawn."),
  })
  .meta({ id: "TimelineEntry" });
export type TimelineEntry = z.infer<typeof TimelineEntry>;
