import { z } from "zod";
import { seconds, text } from "../arguments.ts";

/** The path of one request. A malformed id is an id that no request has. */
export const RequestPath = z.object({ id: z.string() });

/** The query of `GET /v1/requests/{id}`. */
export const WaitParameters = z.object({
  wait_seconds: seconds()
    .optional()
    .describe(
      "How long this call waits until the request is decided or can't be delivered. Default: 0. Clamped to 0–50, or the operator's limit.",
    ),
});

/** The query of `GET /v1/requests`. */
export const ListParameters = z.object({
  status: z.enum(["pending"], "must be pending").optional().describe("Default: pending."),
  session_id: z.string().optional().describe("Only requests of this session."),
  client_id: z.string().optional().describe("Only requests of this client."),
  limit: z
    .number("must be a number")
    .optional()
    .describe("The maximum number of requests. Default: 20. Clamped to 1–100."),
  cursor: z.string().optional().describe("The next_cursor of the previous page."),
});
export type ListParameters = z.infer<typeof ListParameters>;

/** The header of `POST /v1/requests`. */
export const IdempotencyHeader = z.looseObject({
  "idempotency-key": text(200)
    .overwrite((value) => /^"(.*)"$/.exec(value)?.[1] ?? value)
    .optional()
    .describe("The same as idempotency_key in the body: for retries of this one call."),
});

/** The body of `POST /v1/requests/{id}/cancel`. */
export const CancelBody = z.object({
  reason: text(1_000).optional().describe("Why. Everyone who reads the request sees it."),
});
