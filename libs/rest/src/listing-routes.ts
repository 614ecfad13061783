import {
  CountReply,
  FilterParameters,
  ListParameters,
  Problem,
  RequestPage,
  RequestStatus,
} from "@loopgate/contracts";
import { invalidArguments } from "./api-error.ts";
import type { Parsed } from "./arguments.ts";
import type { Caller, RouteAccess } from "./caller.ts";
import { sendProblem } from "./problem.ts";
import { readContextOf } from "./reading-routes.ts";
import type { RequestLister } from "./request-reader.ts";
import { isVisibleTo, resourceOf, seesAll } from "./request-resource.ts";
import type { V1 } from "./v1-scope.ts";

const access: RouteAccess = ["request", "read", "person"];

/** The routes that list and count requests, for programs and for people. */
export function addListingRoutes(v1: V1, lister: RequestLister): void {
  v1.get(
    "/requests",
    {
      config: { access },
      schema: {
        operationId: "listRequests",
        summary: "Requests by their status and other filters; without any, the pending ones, oldest first",
        querystring: ListParameters,
        response: { 200: RequestPage, default: Problem },
      },
    },
    async (request, reply) => {
      const context = readContextOf(request, reply);
      const { order, limit, cursor, ...parameters } = request.query;
      const filter = filterFor(context.caller, parameters);
      if (filter.kind === "error") return sendProblem(reply, filter.error, "parameters");
      const page = await lister.list({ ...filter.value, order, limit, cursor }, context);
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

  v1.get(
    "/requests/count",
    {
      config: { access },
      schema: {
        operationId: "countRequests",
        summary: "How many requests the filters find, counted to 1,000",
        querystring: FilterParameters,
        response: { 200: CountReply, default: Problem },
      },
    },
    async (request, reply) => {
      const context = readContextOf(request, reply);
      const filter = filterFor(context.caller, request.query);
      if (filter.kind === "error") return sendProblem(reply, filter.error, "parameters");
      return reply.send(await lister.count(filter.value, context));
    },
  );
}

/** People find what asks them; auditors and admins find all, unless they want theirs alone. */
function filterFor(
  caller: Caller,
  { mine = false, status, ...parameters }: FilterParameters,
): Parsed<Filter> {
  if (mine && caller.kind === "key") return invalidArguments([MINE_OF_PROGRAMS]);
  const isLimited = caller.kind === "person" && (mine || !seesAll(caller));
  const value = {
    ...parameters,
    status: status?.split(",").map((one) => RequestStatus.parse(one)),
    principals: isLimited ? [...caller.principals] : undefined,
  };
  return { kind: "parsed", value };
}

type Filter = Parameters<RequestLister["count"]>[0];

const MINE_OF_PROGRAMS = {
  path: ["mine"],
  detail: "is for people: no request asks a program, leave it out",
};

/** RFC 8288: the same query with the next cursor. */
function nextLink(url: string, cursor: string): string {
  const [path, query] = url.split("?", 2);
  const parameters = new URLSearchParams(query);
  parameters.set("cursor", cursor);
  return `<${path}?${parameters.toString()}>; rel="next"`;
}
