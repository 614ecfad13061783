import { RequestView } from "@loopgate/contracts";
import { z } from "zod";

/** Open where it may grow: a client that kept an older schema must accept newer codes and members. */
const ToolError = z.object({
  code: z
    .string()
    .describe(
      "not_found, invalid_arguments, already_decided, idempotency_conflict, session_inactive, no_recipient or unavailable.",
    ),
  message: z.string().describe("What happened, and the next step."),
  request: z.looseObject({}).optional().describe("The request as it stands, if that is why."),
});

/** One object for success and failure: clients validate errors too. */
export const RequestOutput = RequestView.partial().extend({ error: ToolError.optional() });

/** A request in a list: its message may be cut. */
export const ListedRequest = RequestView.extend({ message_truncated: z.boolean() });
export type ListedRequest = z.infer<typeof ListedRequest>;

export const PageOutput = z.object({
  requests: z.array(ListedRequest).optional(),
  count: z.number().optional(),
  next_cursor: z.string().optional(),
  error: ToolError.optional(),
});
