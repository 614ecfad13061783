import {
  Problem,
  type RequestDetails,
  RequestPath,
  RequestResource,
  WaitParameters,
} from "@loopgate/contracts";
import { type ApiFailure, noSuchRequest } from "./api-error.ts";
import { addListRoutes } from "./list-routes.ts";
import { sendProblem } from "./problem.ts";
import { readContextOf } from "./read-context.ts";
import type { ReadContext, RequestReader } from "./request-reader.ts";
import { isVisibleTo, resourceOf } from "./request-resource.ts";
import { readers } from "./route-access.ts";
import { addTimelineRoute } from "./timeline-route.ts";
import type { V1 } from "./v1-scope.ts";

/** The routes that read requests, for programs and for people. */
export function addReadingRoutes(v1: V1, reader: RequestReader): void {
  addListRoutes(v1, reader);
  addTimelineRoute(v1, reader);

  v1.get(
    "/requests/:id",
    {
      config: { access: readers },
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
      if (found.kind === "error") return sendProblem(reply, found.error, "parameters");
      return reply.send(resourceOf(found.request, context.caller));
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
