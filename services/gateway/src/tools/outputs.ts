import { RequestView } from "@loopgate/contracts";
import { z } from "zod";

/** `code` is no enum and `request` is open, so that a client with a cached older schema accepts newer ones. */
const ErrorOutput = z.object({
  code: z
    .string()
    .describe(
      "not_found, invalid_arguments, already_decided, idempotency_conflict, idempotency_key_used, session_inactive, no_recipient or unavailable.",
    ),
  message: z.string().describe("What is wrong, and the next step."),
  request: z.looseObject({}).optional().describe("The request as it is now, if its state is the reason."),
});

/** One schema for success and error, because clients validate both. */
export const RequestOutput = RequestView.partial().extend({ error: ErrorOutput.optional() });

/** A request in a list. */
export const ListedRequest = RequestView.extend({ message_truncated: z.boolean() });
export type ListedRequest = z.infer<typeof ListedRequest>;

export const PageOutput = z.object({
  requests: z.array(ListedRequest).optional(),
  count: z.number().optional(),
  next_cursor: z.string().optional(),
  error: ErrorOutput.optional(),
});
