import { z } from "zod";
import { seconds, text } from "../arguments.ts";
import { RequestOutcome, RequestStatus } from "../view.ts";

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

const moment = () => z.iso.datetime({ offset: true, error: "must be a time such as 2030-01-31T00:00:00Z" });

/** The query of `GET /v1/requests/count`: which requests. */
export const CountParameters = z.object({
  status: z
    .string("must be text")
    .transform((list) => list.split(","))
    .pipe(
      z.array(
        z.enum(RequestStatus.options, `must be of ${RequestStatus.options.join(", ")}, separated by commas`),
      ),
    )
    .optional()
    .describe(
      "One or more of pending, decided, expired and cancelled, separated by commas. Default: pending.",
    ),
  mine: z
    .boolean("must be true or false")
    .optional()
    .describe("For people: only requests that name them. Without it, auditors see all."),
  session_id: text(128).optional().describe("Only requests of this session."),
  client_id: text(128).optional().describe("Only requests of this client."),
  outcome: RequestOutcome.optional().describe("Only requests that a person answered like this."),
  channel: text(64).optional().describe("Only requests that were answered by this channel, such as web."),
  decided_by: text(200)
    .optional()
    .describe("Only requests that this person decided: a principal or a person's id."),
  created_after: moment().optional().describe("Only requests that were created at this time or later."),
  created_before: moment().optional().describe("Only requests that were created before this time."),
  q: text(200)
    .optional()
    .describe("Words that are all in the question, the answer, or the names of session and client."),
});

/** The query of `GET /v1/requests`. */
export const ListParameters = CountParameters.extend({
  order: z
    .enum(["asc", "desc"], "must be asc or desc")
    .optional()
    .describe("By the time of creation. Default: asc if only pending requests are listed, else desc."),
  limit: z
    .number("must be a number")
    .optional()
    .describe("The maximum number of requests. Default: 20. Clamped to 1–100."),
  cursor: z
    .string("must be text")
    .optional()
    .describe("The next_cursor of the previous page, with the same filters and order."),
});

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
