import { ErrorCode, RequestView } from "@loopgate/contracts";
import { z } from "zod";

const ToolError = z.object({
  code: ErrorCode,
  message: z.string(),
  request: RequestView.optional(),
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
