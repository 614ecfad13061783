import { isRequestId, Problem, RequestPath, Timeline, type TimelineEntry } from "@loopgate/contracts";
import { noSuchRequest } from "./api-error.ts";
import type { Caller } from "./caller.ts";
import { sendProblem } from "./problem.ts";
import { readContextOf } from "./read-context.ts";
import type { RequestReader } from "./request-reader.ts";
import { isVisibleTo } from "./request-resource.ts";
import type { V1 } from "./v1-scope.ts";

/** The route that tells what happened to a request, for programs that may read and for people. */
export function addTimelineRoute(v1: V1, reader: RequestReader): void {
  v1.get(
    "/requests/:id/timeline",
    {
      config: { access: ["read", "person"] },
      schema: {
        operationId: "getTimeline",
        summary: "What happened to a request, in the order in which it was recorded",
        params: RequestPath,
        response: { 200: Timeline, default: Problem },
      },
    },
    async (request, reply) => {
      const context = readContextOf(request, reply);
      const { caller } = context;
      const { id } = request.params;
      const found = isRequestId(id)
        ? await reader.timeline({ tenant: caller.tenant, id }, context)
        : NOT_FOUND;
      if (found.kind === "error") return sendProblem(reply, found.error, "parameters");
      if (found.kind === "not_found" || !isVisibleTo(caller, found.request)) {
        return sendProblem(reply, noSuchRequest().error);
      }
      return reply.send({ data: found.timeline.map((entry) => entryFor(caller, entry)) });
    },
  );
}

const NOT_FOUND = { kind: "not_found" } as const;

/** Endpoints name the places of other people. */
function entryFor(caller: Caller, { endpoint, ...entry }: TimelineEntry): TimelineEntry {
  return caller.kind === "key" && endpoint !== undefined ? { ...entry, endpoint } : entry;
}
