import {
  CountReply,
  FilterParameters,
  ListParameters,
  Problem,
  type RequestFilter,
  RequestPage,
  RequestStatus,
} from "@loopgate/contracts";
import { invalidArguments } from "./api-error.ts";
import { clamp, type Parsed } from "./arguments.ts";
import type { Caller } from "./caller.ts";
import { sendProblem } from "./problem.ts";
import { readContextOf } from "./read-context.ts";
import type { RequestReader } from "./request-reader.ts";
import { resourceOf, seesAll } from "./request-resource.ts";
import { readers } from "./route-access.ts";
import type { V1 } from "./v1-scope.ts";

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100;

const config = { access: readers };

/** The routes that list and count requests, for programs and for people. */
export function addListRoutes(v1: V1, reader: RequestReader): void {
  v1.get(
    "/requests",
    {
      config,
      schema: {
        operationId: "listRequests",
        summary: "Requests by their status and other filters; without any, the pending ones, oldest first",
        querystring: ListParameters,
        response: { 200: RequestPage, default: Problem },
      },
    },
    async (request, reply) => {
      const context = readContextOf(request, reply);
      const { order, cursor, limit = DEFAULT_LIMIT, ...parameters } = request.query;
      const filter = filterOf(parameters, context.caller);
      if (filter.kind === "error") return sendProblem(reply, filter.error, "parameters");
      const query = { ...filter.value, order, cursor, limit: clamp(limit, 1, MAX_LIMIT) };
      const page = await reader.list(query, context);
      if (page.kind === "error") return sendProblem(reply, page.error, "parameters");
      if (page.kind === "invalid_cursor") return sendProblem(reply, CURSOR_OF_OTHERS, "parameters");
      const { requests, next_cursor } = page;
      if (next_cursor !== undefined) void reply.header("link", nextLink(request.url, next_cursor));
      return reply.send({
        data: requests.map((one) => resourceOf(one, context.caller)),
        next_cursor: next_cursor ?? null,
      });
    },
  );

  v1.get(
    "/requests/count",
    {
      config,
      schema: {
        operationId: "countRequests",
        summary: "How many requests the filters find, counted to 1,000",
        querystring: FilterParameters,
        response: { 200: CountReply, default: Problem },
      },
    },
    async (request, reply) => {
      const context = readContextOf(request, reply);
      const filter = filterOf(request.query, context.caller);
      if (filter.kind === "error") return sendProblem(reply, filter.error, "parameters");
      const counted = await reader.count(filter.value, context);
      return counted.kind === "error" ? sendProblem(reply, counted.error, "parameters") : reply.send(counted);
    },
  );
}

/** What a caller asks for, within what it may see. */
function filterOf(
  { mine = false, status, ...rest }: FilterParameters,
  caller: Caller,
): Parsed<RequestFilter> {
  if (mine && caller.kind === "key") return invalidArguments([MINE_OF_PROGRAMS]);
  const isLimited = caller.kind === "person" && (mine || !seesAll(caller));
  const value = {
    ...rest,
    tenant: caller.tenant,
    status: status?.split(",").map((one) => RequestStatus.parse(one)),
    principals: isLimited ? [...caller.principals] : undefined,
  };
  return { kind: "parsed", value };
}

/** RFC 8288: the same query with the next cursor. */
function nextLink(url: string, cursor: string): string {
  const [path, query] = url.split("?", 2);
  const parameters = new URLSearchParams(query);
  parameters.set("cursor", cursor);
  return `<${path}?${parameters.toString()}>; rel="next"`;
}

const MINE_OF_PROGRAMS = {
  path: ["mine"],
  detail: "is for people: no request asks a program, leave it out",
};

const { error: CURSOR_OF_OTHERS } = invalidArguments([
  { path: ["cursor"], detail: "is not the next_cursor of an earlier page with the same filters" },
]);
