import {
  CountParameters,
  CountReply,
  ListParameters,
  Problem,
  type RequestFilter,
  RequestPage,
} from "@loopgate/contracts";
import type { z } from "zod";
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
        summary: "Requests by the time of their creation, page by page",
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
      if (page.kind === "invalid_cursor") return sendProblem(reply, FOREIGN_CURSOR, "parameters");
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
        summary: "How many requests there are, counted up to 1,000",
        querystring: CountParameters,
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
  { mine = false, ...filter }: z.infer<typeof CountParameters>,
  caller: Caller,
): Parsed<RequestFilter> {
  const { tenant } = caller;
  if (caller.kind === "key")
    return mine ? invalidArguments([MINE_OF_PROGRAM]) : { kind: "parsed", value: { ...filter, tenant } };
  const principals = mine || !seesAll(caller) ? [...caller.principals] : undefined;
  return { kind: "parsed", value: { ...filter, tenant, principals } };
}

/** RFC 8288: the same query with the next cursor. */
function nextLink(url: string, cursor: string): string {
  const [path, query] = url.split("?", 2);
  const parameters = new URLSearchParams(query);
  parameters.set("cursor", cursor);
  return `<${path}?${parameters.toString()}>; rel="next"`;
}

const MINE_OF_PROGRAM = { path: ["mine"], detail: "is for people: no request names a program" };

const { error: FOREIGN_CURSOR } = invalidArguments([
  { path: ["cursor"], detail: "is not the next_cursor of an earlier page with these filters and this order" },
]);
