import { Problem, RequestResource } from "@loopgate/contracts";
import { type ApiFailure, readContextOf, resourceOf, sendProblem, type V1 } from "@loopgate/rest";
import { traceparentOf } from "../mcp/traceparent.ts";
import { Submission } from "../requests/submission.ts";
import type { ToolRegistry } from "../tools/registry.ts";
import type { ToolOutcome } from "../tools/tool.ts";

/** The routes of `/v1` by which programs ask, over the same tools as every other way in. */
export function addAskingRoutes(v1: V1, tools: ToolRegistry): void {
  v1.post(
    "/requests",
    {
      config: { access: ["request"] },
      schema: {
        operationId: "createRequest",
        summary: "Asks a person; with wait_seconds, answers as soon as the request is decided",
        body: Submission,
        response: { 201: RequestResource, default: Problem },
      },
    },
    async (request, reply) => {
      const context = readContextOf(request, reply);
      const traceparent = traceparentOf(undefined, context.traceparent);
      const outcome = await tools.call("request_human_input", request.body, { ...context, traceparent });
      const asked = requestIn(outcome);
      if (asked.kind === "error") return sendProblem(reply, asked.error);
      const resource = resourceOf(asked.request, context.caller);
      return reply.code(201).header("location", `/v1/requests/${resource.request_id}`).send(resource);
    },
  );
}

function requestIn(outcome: ToolOutcome): Exclude<ToolOutcome, { readonly kind: "page" }> | ApiFailure {
  if (outcome.kind === "page") throw new TypeError("the tool returned a page");
  return outcome;
}
