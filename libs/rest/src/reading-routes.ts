import {
  Problem,
  type RequestDetails,
  RequestPath,
  RequestResource,
  WaitParameters,
} from "@loopgate/contracts";
import type { FastifyReply, FastifyRequest } from "fastify";
import { type ApiFailure, noSuchRequest } from "./api-error.ts";
import type { RouteAccess } from "./caller.ts";
import { sendProblem } from "./problem.ts";
import { isVisibleTo, resourceOf } from "./request-resource.ts";
import type { ReadContext, RequestFinder } from "./request-reader.ts";
import { callerOf } from "./route-access.ts";
import type { V1 } from "./v1-scope.ts";

const access: RouteAccess = ["request", "read", "person"];

/** The routes that read one request, for programs and for people. */
export function addReadingRoutes(v1: V1, finder: RequestFinder): void {
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
      const found = await findVisible(finder, request.params.id, request.query.wait_seconds ?? 0, context);
      if (found.kind === "error") return sendProblem(reply, found.error);
      return reply.send(resourceOf(found.request, context.caller));
    },
  );
}

/** Another person's request is answered like one that does not exist, and never waited for. */
async function findVisible(
  finder: RequestFinder,
  id: string,
  waitSeconds: number,
  context: ReadContext,
): Promise<{ readonly kind: "request"; readonly request: RequestDetails } | ApiFailure> {
  const isWaitingPerson = waitSeconds > 0 && context.caller.kind === "person";
  const found = await finder.find(id, isWaitingPerson ? 0 : waitSeconds, context);
  if (found.kind === "error") return found;
  if (!isVisibleTo(context.caller, found.request)) return noSuchRequest();
  return isWaitingPerson ? finder.find(id, waitSeconds, context) : found;
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
