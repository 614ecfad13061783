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

/** Values of an enumeration as one parameter, such as `decided,expired`. */
const listOf = (values: readonly string[]) => {
  const value = values.join("|");
  return z
    .string()
    .regex(
      new RegExp(`^(${value})(,(${value}))*$`),
      `must be a list of ${values.join(", ")}, separated by commas`,
    );
};

/** Finer fractions of a second than milliseconds are cut. */
const moment = () => z.iso.datetime({ offset: true, error: "must be a time such as 2026-11-30T10:00:00Z" });

/** The query of `GET /v1/requests/count`. */
export const FilterParameters = z.object({
  status: listOf(RequestStatus.options)
    .optional()
    .describe("One status, or several that are separated by commas. Default: pending."),
  mine: z.boolean("must be true or false").optional().describe("For people: only requests that ask them."),
  session_id: z.string().optional().describe("Only requests of this session."),
  client_id: z.string().optional().describe("Only requests of this client."),
  outcome: RequestOutcome.optional().describe("Only requests that were answered like this."),
  channel: z.string().optional().describe("Only requests that were answered in this channel, such as web."),
  decided_by: z
    .string()
    .optional()
    .describe("Only requests that this principal, such as web:alice@example.com, or this person decided."),
  created_after: moment().optional().describe("Only requests that were created then or later."),
  created_before: moment().optional().describe("Only requests that were created before."),
  q: text(200)
    .optional()
    .describe(
      "Words, whatever their case, that all occur in the question, the answer, or the names of session and client. Of long questions, the first 4,000 characters are searched.",
    ),
});
export type FilterParameters = z.infer<typeof FilterParameters>;

/** The query of `GET /v1/requests`. */
export const ListParameters = FilterParameters.extend({
  order: z
    .enum(["asc", "desc"], "must be asc or desc")
    .optional()
    .describe("By the time of creation. Default: asc for pending requests alone, else desc."),
  limit: z
    .number("must be a number")
    .optional()
    .describe("The maximum number of requests. Default: 20. Clamped to 1–100."),
  cursor: z.string().optional().describe("The next_cursor of the previous page, with the same filters."),
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
