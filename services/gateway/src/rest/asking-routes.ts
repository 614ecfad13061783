import { CancelBody, IdempotencyHeader, Problem, RequestPath, RequestResource } from "@loopgate/contracts";
import { invalidArguments, readContextOf, resourceOf, sendProblem, type V1 } from "@loopgate/rest";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Parsed } from "@loopgate/rest/arguments";
import { traceparentOf } from "../mcp/traceparent.ts";
import { Submission } from "../requests/submission.ts";
import type { ToolRegistry } from "../tools/registry.ts";
import type { CallContext, ToolOutcome } from "../tools/tool.ts";

const config = { access: ["request"] } as const;

/** The routes of `/v1` by which programs ask and cancel, over the same tools as every other way in. */
export function addAskingRoutes(v1: V1, tools: ToolRegistry): void {
  v1.post(
    "/requests",
    {
      config,
      schema: {
        operationId: "createRequest",
        summary: "Asks a person; with wait_seconds, answers as soon as the request is decided",
        headers: IdempotencyHeader,
        body: Submission,
        response: { 200: RequestResource, 201: RequestResource, default: Problem },
      },
    },
    async (request, reply) => {
      const submission = withKey(request.body, request.headers["idempotency-key"]);
      if (submission.kind === "error") return sendProblem(reply, submission.error, "parameters");
      const context = contextOf(request, reply);
      const asked = requestIn(await tools.call("request_human_input", submission.value, context));
      if (asked.kind === "error") return sendProblem(reply, asked.error);
      const resource = resourceOf(asked.request, context.caller);
      void reply.header("location", `/v1/requests/${resource.request_id}`);
      if (asked.isNew === true) return reply.code(201).send(resource);
      if (submission.value.idempotency_key !== undefined) void reply.header("idempotent-replayed", "true");
      return reply.send(resource);
    },
  );

  v1.post(
    "/requests/:id/cancel",
    {
      config,
      schema: {
        operationId: "cancelRequest",
        summary: "Withdraws a pending request. Cancelling a cancelled one succeeds",
        params: RequestPath,
        body: CancelBody,
        response: { 200: RequestResource, default: Problem },
      },
    },
    async (request, reply) => {
      const context = contextOf(request, reply);
      const given = { request_id: request.params.id, reason: request.body.reason };
      const cancelled = requestIn(await tools.call("cancel_request", given, context));
      if (cancelled.kind === "error") return sendProblem(reply, cancelled.error);
      return reply.send(resourceOf(cancelled.request, context.caller));
    },
  );
}

const contextOf = (request: FastifyRequest, reply: FastifyReply): CallContext => {
  const context = readContextOf(request, reply);
  return { ...context, traceparent: traceparentOf(undefined, context.traceparent) };
};

/** A key may come in the header or as the argument, but two keys are one too many. */
function withKey(submission: Submission, header: string | undefined): Parsed<Submission> {
  if (header === undefined) return { kind: "parsed", value: submission };
  const { idempotency_key = header } = submission;
  if (idempotency_key !== header) return invalidArguments([TWO_KEYS]);
  return { kind: "parsed", value: { ...submission, idempotency_key } };
}

const TWO_KEYS = {
  path: ["Idempotency-Key"],
  detail: "differs from idempotency_key in the body: send one of them",
};

function requestIn(outcome: ToolOutcome): Exclude<ToolOutcome, { readonly kind: "page" }> {
  if (outcome.kind === "page") throw new TypeError("the tool returned a page");
  return outcome;
}
