import { RequestView } from "@loopgate/contracts";
import type { CallToolResult } from "@modelcontextprotocol/client";
import { z } from "zod";
import { LoopgateError } from "./loopgate-error.ts";

const Refusal = z.object({ code: z.string(), message: z.string(), request: RequestView.optional() });
const Reply = z.union([z.object({ error: Refusal }), RequestView]);

/**
 * The request that a tool's result tells of.
 * @throws LoopgateError when it tells of an error; Error when it is no result of Loopgate.
 */
export function viewIn({ structuredContent }: CallToolResult): RequestView {
  const reply = Reply.safeParse(structuredContent);
  if (!reply.success) {
    throw new Error("This is no answer of Loopgate: correct the address, or use a newer client.", {
      cause: reply.error,
    });
  }
  if (!("error" in reply.data)) return reply.data;
  const { code, message, request } = reply.data.error;
  throw new LoopgateError(code, message, { request });
}
