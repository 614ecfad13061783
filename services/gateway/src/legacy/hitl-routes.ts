import type { RequestView } from "@loopgate/contracts";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { traceparentOf } from "../mcp/traceparent.ts";
import { parseArguments, text } from "../requests/arguments.ts";
import type { ToolName, ToolRegistry } from "../tools/registry.ts";
import type { ToolOutcome } from "../tools/tool.ts";
import { bodyAs } from "../mcp/body-as.ts";
import { sendRefusal } from "../http/errors.ts";
import { pendingRequestOf, pollOf, statuses } from "./hitl-shapes.ts";

const MAX_PENDING = 100;

/** The HTTP interface of the first Loopgate: its paths, fields and success bodies, over the same tools. */
export function addHitlRoutes(app: FastifyInstance, tools: ToolRegistry): void {
  // Nobody waits here, so nobody's going ends a wait.
  const call = (name: ToolName, given: unknown, { apiKey, headers }: FastifyRequest): Promise<ToolOutcome> =>
    tools.call(name, given, {
      signal: new AbortController().signal,
      keyId: apiKey?.id,
      traceparent: traceparentOf(undefined, headers["traceparent"]),
    });

  app.post("/hitl/request", async (request, reply) => {
    const body = bodyAs(request, Submitted);
    if (body.kind === "refused") return sendRefusal(reply, body.refusal);
    const outcome = await call("request_human_input", body.value, request);
    return sendView(reply, outcome, (view) => ({
      success: true,
      request_id: view.request_id,
      status: statuses[view.status],
      created_at: view.created_at,
      expires_at: view.expires_at,
    }));
  });

  app.get("/hitl/poll", async (request, reply) => {
    const query = parseArguments(RequestNamed, request.query);
    if (query.kind === "refused") return sendRefusal(reply, query.refusal);
    return sendView(reply, await call("check_request_status", query.value, request), pollOf);
  });

  app.get("/hitl/pending", async (request, reply) => {
    const { cursor } = Page.parse(request.query);
    const outcome = await call("list_pending_requests", { limit: MAX_PENDING, cursor }, request);
    if (outcome.kind === "refused") return sendRefusal(reply, outcome.refusal);
    if (outcome.kind !== "page") throw new TypeError("a list without a page");
    const { requests, nextCursor } = outcome;
    const next = nextCursor === undefined ? {} : { next_cursor: nextCursor };
    return { pending_requests: requests.map(pendingRequestOf), count: requests.length, ...next };
  });

  app.post("/hitl/cancel", async (request, reply) => {
    const body = bodyAs(request, Cancelled);
    if (body.kind === "refused") return sendRefusal(reply, body.refusal);
    const outcome = await call("cancel_request", body.value, request);
    return sendView(reply, outcome, () => ({ success: true, message: "Request canceled successfully" }));
  });
}

function sendView(
  reply: FastifyReply,
  outcome: ToolOutcome,
  bodyOf: (view: RequestView) => object,
): FastifyReply {
  if (outcome.kind === "refused") return sendRefusal(reply, outcome.refusal);
  if (outcome.kind !== "request") throw new TypeError("a call without its request");
  return reply.send(bodyOf(outcome.request.view));
}

const required = () => text(128);

/** The original asks for three fields; what it lets callers leave empty counts as absent. The call returns at once. */
const Submitted = z
  .looseObject(
    { session_id: required(), client_id: required(), message: z.unknown().optional() },
    "must be an object",
  )
  .transform((body) => ({
    ...body,
    wait_seconds: undefined,
    request_type: body["request_type"] === "" ? undefined : body["request_type"],
  }));

const RequestNamed = z.object({ request_id: z.string("is required").min(1, "is required") });

const Cancelled = z.object(
  { request_id: z.string("is required").min(1, "is required"), reason: z.unknown().optional() },
  "must be an object",
);

const Page = z.object({ cursor: z.string().min(1).optional().catch(undefined) });
