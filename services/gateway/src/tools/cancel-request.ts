import { isRequestId, type RequestRef, text } from "@loopgate/contracts";
import type { RequestQueries } from "@loopgate/bus";
import { z } from "zod";
import { parseArguments, requestId } from "@loopgate/rest/arguments";
import { apiError, noSuchRequest } from "@loopgate/rest";
import { toolSchema } from "./json-schema.ts";
import { RequestOutput } from "./outputs.ts";
import type { Tool, ToolOutcome } from "./tool.ts";

const Arguments = z.object(
  {
    request_id: requestId(),
    reason: text(1_000).optional().describe("Why. Everyone who reads the request sees it."),
  },
  "must be an object",
);

export function cancelRequest(queries: RequestQueries): Tool {
  return {
    definition,
    run: async (given, { caller: { tenant } }) => {
      const parsed = parseArguments(Arguments, given);
      if (parsed.kind === "error") return parsed;
      const { request_id: id, reason } = parsed.value;
      return isRequestId(id) ? cancel(queries, { tenant, id }, reason) : noSuchRequest();
    },
  };
}

async function cancel(
  queries: RequestQueries,
  ref: RequestRef,
  reason: string | undefined,
): Promise<ToolOutcome> {
  const reply = await queries.cancel({ ...ref, ...(reason === undefined ? {} : { reason }) });
  switch (reply.kind) {
    case "cancelled":
      return { kind: "request", request: reply.request };
    case "already_decided":
      return apiError(
        "already_decided",
        `The request is already ${reply.request.view.status} and can't be cancelled: its status shows how it ended.`,
        reply.request,
      );
    case "not_found":
      return noSuchRequest();
  }
}

const definition = {
  name: "cancel_request",
  title: "Cancel a request",
  description: [
    "Withdraws a pending request: it can no longer be answered, and its message tells the person so. Returns the cancelled request.",
    "Cancelling it again succeeds. If it was answered or expired first, the error already_decided contains the request as it ended.",
    'Example: {"request_id": "019ab3f0-7c00-7000-8000-000000000001", "reason": "the build failed"}',
  ].join("\n"),
  annotations: {
    title: "Cancel a request",
    readOnlyHint: false,
    destructiveHint: true,
    idempotentHint: true,
    openWorldHint: true,
  },
  inputSchema: toolSchema(Arguments, "input"),
  outputSchema: toolSchema(RequestOutput, "output"),
} as const;
