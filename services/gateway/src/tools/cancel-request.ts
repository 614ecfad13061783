import { DEFAULT_TENANT, isRequestId } from "@loopgate/contracts";
import type { RequestQueries } from "@loopgate/bus";
import { z } from "zod";
import { parseArguments, text, withoutBlanks } from "../requests/arguments.ts";
import { notFound, refused } from "../tool-error.ts";
import { toolSchema } from "./json-schema.ts";
import { RequestOutput } from "./outputs.ts";
import { requestIdArgument } from "./request-id-argument.ts";
import type { Tool, ToolOutcome } from "./tool.ts";

const Arguments = z.object(
  {
    request_id: requestIdArgument(),
    reason: text(1_000).optional().describe("Why; the person and every reader of the request see it."),
  },
  "must be an object",
);

/** Withdraws a question. */
export function cancelRequest(queries: RequestQueries): Tool {
  return {
    definition,
    run: async (given) => {
      const parsed = parseArguments(Arguments, withoutBlanks(given, ["reason"]));
      if (parsed.kind === "refused") return parsed;
      const { request_id: id, reason } = parsed.value;
      return isRequestId(id) ? cancel(queries, id, reason) : notFound();
    },
  };
}

async function cancel(queries: RequestQueries, id: string, reason: string | undefined): Promise<ToolOutcome> {
  const reply = await queries.cancel({
    tenant: DEFAULT_TENANT,
    id,
    ...(reason === undefined ? {} : { reason }),
  });
  switch (reply.kind) {
    case "cancelled":
      return { kind: "request", request: reply.request };
    case "already_decided":
      return refused(
        "already_decided",
        `The request is ${reply.request.view.status} and can't be cancelled any more. Its status tells how it ended.`,
        reply.request.view,
      );
    case "not_found":
      return notFound();
  }
}

const definition = {
  name: "cancel_request",
  title: "Withdraw a request",
  description: [
    "Withdraws a pending request: nobody can answer it any more, and its message in Telegram says so. Returns the request as cancelled.",
    "Cancelling a cancelled request succeeds. If an answer or the end of its time came first, the error already_decided carries the request as it was decided.",
    'Example: {"request_id": "019ab3f0-7c00-7000-8000-000000000001", "reason": "the build failed"}',
  ].join("\n"),
  annotations: {
    title: "Withdraw a request",
    readOnlyHint: false,
    destructiveHint: true,
    idempotentHint: true,
    openWorldHint: true,
  },
  inputSchema: toolSchema(Arguments, "input"),
  outputSchema: toolSchema(RequestOutput, "output"),
} as const;
