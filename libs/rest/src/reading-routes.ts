import {
  ListParameters,
  Problem,
  type RequestDetails,
  RequestPage,
  RequestPath,
  RequestResource,
  WaitParameters,
} from "@loopgate/contracts";
import type { FastifyReply, FastifyRequest } from "fastify";
import { type ApiFailure, noSuchRequest } from "./api-error.ts";
import type { RouteAccess } from "./caller.ts";
import { sendProblem } from "./problem.ts";
import { isVisibleTo, resourceOf } from "./request-resource.ts";
import type { ReadContext, RequestReader } from "./request-reader.ts";
import { callerOf } from "./route-access.ts";
import type { V1 } from "./v1-scope.ts";

const access: RouteAccess = ["request", "read", "person"];

/** The routes that read requests, for programs and for people. */
export function addReadingRoutes(v1: V1, reader: RequestReader): void {
  v1.get(
    "/requests/:id",
    {
      config: { access },
      schema: {
        operationId: "getRequest",
        summary: "A request; with wait_seconds, as soon as it is decided",
        params: RequestPath,
        querystring: WaitParameters,
        response: { 200: RequestResource, default: Problem },
      },
    },
    async (request, reply) => {
      const context = readContextOf(request, reply);
      const found = await findVisible(reader, request.params.id, request.query.wait_seconds ?? 0, context);
      if (found.kind === "error") return sendProblem(reply, found.error);
      return reply.send(resourceOf(found.request, context.caller));
    },
  );

  v1.get(
    "/requests",
    {
      config: { access },
      schema: {
        operationId: "listRequests",
        summary: "Pending requests, oldest first",
        querystring: ListParameters,
        response: { 200: RequestPage, default: Problem },
      },
    },
    async (request, reply) => {
      const context = readContextOf(request, reply);
      const { status: _, ...filter } = request.query;
      const page = await reader.list(filter, context);
      if (page.kind === "error") return sendProblem(reply, page.error, "parameters");
      const { requests, nextCursor } = page;
      if (nextCursor !== undefined) void reply.header("link", nextLink(request.url, nextCursor));
      const visible = requests.filter((one) => isVisibleTo(context.caller, one));
      return reply.send({
        data: visible.map((one) => resourceOf(one, context.caller)),
        next_cursor: nextCursor ?? null,
      });
    },
  );
}

/** Another person's request is answered like one that does not exist, and never waited for. */
async function findVisible(
  reader: RequestReader,
  id: string,
  waitSeconds: number,
  context: ReadContext,
): Promise<{ readonly kind: "request"; readonly request: RequestDetails } | ApiFailure> {
  const isWaitingPerson = waitSeconds > 0 && context.caller.kind === "person";
  const found = await reader.find(id, isWaitingPerson ? 0 : waitSeconds, context);
  if (found.kind === "error") return found;
  if (!isVisibleTo(context.caller, found.request)) return noSuchRequest();
  return isWaitingPerson ? reader.find(id, waitSeconds, context) : found;
}

/** Who makes this call, and until when. */
export function readContextOf(request: FastifyRequest, { raw }: FastifyReply): ReadContext {
  const gone = new AbortController();
  raw.once("close", () => {
    if (!raw.writableFinished) gone.abort();
  });
  const { traceparent, "user-agent": userAgent } = request.headers;
  return {
    caller: callerOf(request),
    traceparent: typeof traceparent === "string" ? traceparent : undefined,
    userAgent,
    signal: gone.signal,
  };
}

/** RFC 8288: the same query with the next cursor. */
function nextLink(url: string, cursor: string): string {
  const [path, query] = url.split("?", 2);
  const parameters = new URLSearchParams(query);
  parameters.set("cursor", cursor);
  return `<${path}?${parameters.toString()}>; rel="next"`;
}
