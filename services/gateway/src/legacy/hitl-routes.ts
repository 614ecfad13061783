import { type RequestDetails, type RequestView, text } from "@loopgate/contracts";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { keyCallerOf } from "@loopgate/rest";
import { sendError } from "../http/errors.ts";
import { traceparentOf } from "../mcp/traceparent.ts";
import { parseArguments } from "@loopgate/rest/arguments";
import type { ToolRegistry } from "../tools/registry.ts";
import type { CallContext, ToolOutcome } from "../tools/tool.ts";
import { bodyAs } from "./json-body.ts";

const MAX_PENDING = 100;

const config = { access: ["request"] } as const;

/** The HTTP interface of the original Loopgate: its paths, fields and success bodies, on top of the same tools. */
export function addHitlRoutes(app: FastifyInstance, tools: ToolRegistry): void {
  app.post("/hitl/request", { config }, async (request, reply) => {
    const body = bodyAs(request, Submitted);
    if (body.kind === "error") return sendError(reply, body.error);
    // This path never waits.
    const question = { ...body.value, wait_seconds: undefined };
    const outcome = await tools.call("request_human_input", question, contextOf(request));
    return sendView(reply, outcome, (view) => ({
      success: true,
      request_id: view.request_id,
      status: statuses[view.status],
      created_at: view.created_at,
      expires_at: view.expires_at,
    }));
  });

  app.get("/hitl/poll", { config }, async (request, reply) => {
    const query = parseArguments(RequestNamed, request.query);
    if (query.kind === "error") return sendError(reply, query.error);
    const outcome = await tools.call("check_request_status", query.value, contextOf(request));
    return sendView(reply, outcome, pollOf);
  });

  app.get("/hitl/pending", { config }, async (request, reply) => {
    const { cursor } = Page.parse(request.query);
    const outcome = await tools.call(
      "list_pending_requests",
      { limit: MAX_PENDING, cursor },
      contextOf(request),
    );
    if (outcome.kind === "error") return sendError(reply, outcome.error);
    if (outcome.kind !== "page") throw new TypeError("list_pending_requests returned no page");
    const { requests, nextCursor } = outcome;
    const next = nextCursor === undefined ? {} : { next_cursor: nextCursor };
    return { pending_requests: requests.map(pendingRequestOf), count: requests.length, ...next };
  });

  app.post("/hitl/cancel", { config }, async (request, reply) => {
    const body = bodyAs(request, Cancelled);
    if (body.kind === "error") return sendError(reply, body.error);
    const outcome = await tools.call("cancel_request", body.value, contextOf(request));
    return sendView(reply, outcome, () => ({ success: true, message: "Request canceled successfully" }));
  });
}

const contextOf = (request: FastifyRequest): CallContext => ({
  caller: keyCallerOf(request),
  traceparent: traceparentOf(undefined, request.headers["traceparent"]),
  // These calls never wait, so a lost connection has nothing to end.
  signal: new AbortController().signal,
});

function sendView(
  reply: FastifyReply,
  outcome: ToolOutcome,
  bodyOf: (view: RequestView) => object,
): FastifyReply {
  if (outcome.kind === "error") return sendError(reply, outcome.error);
  if (outcome.kind !== "request") throw new TypeError("the tool returned no request");
  return reply.send(bodyOf(outcome.request.view));
}

/** The original's names of the statuses. */
const statuses = {
  pending: "pending",
  decided: "completed",
  expired: "timeout",
  cancelled: "canceled",
} as const;

/** The original has no third state: `approved` is false until a person approves. */
const pollOf = ({ status, response, approved, request_id }: RequestView) => ({
  status: statuses[status],
  ...(response === undefined || response === "" ? {} : { response }),
  approved: approved === true,
  request_id,
  completed: status !== "pending",
});

/** A pending request in the original's list, with `expires_at` added. */
function pendingRequestOf({ view, options, metadata }: RequestDetails) {
  const lifeMs = Date.parse(view.expires_at) - Date.parse(view.created_at);
  return {
    id: view.request_id,
    session_id: view.session_id,
    client_id: view.client_id,
    message: view.message,
    request_type: view.request_type,
    ...(options.length === 0 ? {} : { options: options.map(({ label }) => label) }),
    timeout_seconds: Math.round(lifeMs / 1_000),
    ...(metadata === undefined ? {} : { metadata }),
    status: statuses[view.status],
    approved: view.approved === true,
    created_at: view.created_at,
    expires_at: view.expires_at,
  };
}

const required = () => text(128);

/** The original requires these fields. */
const Submitted = z.looseObject({ session_id: required(), client_id: required() }, "must be an object");

const RequestNamed = z.object({ request_id: z.string("is required").min(1, "is required") });

const Cancelled = z.object(
  { request_id: z.string("is required").min(1, "is required"), reason: z.unknown().optional() },
  "must be an object",
);

const Page = z.object({ cursor: z.string().min(1).optional().catch(undefined) });
