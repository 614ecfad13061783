import type { RequestQueries } from "@loopgate/bus";
import type { RequestFilter } from "@loopgate/contracts";
import type { ApiFailure, ReadContext, RequestReader } from "@loopgate/rest";
import { traceparentOf } from "../mcp/traceparent.ts";
import type { Calls, CallSummary } from "../calls.ts";
import type { ToolRegistry } from "../tools/registry.ts";

export interface RequestReaderOptions {
  readonly tools: ToolRegistry;
  readonly calls: Calls;
  readonly queries: RequestQueries;
}

/** Reads for `/v1`. What is logged, measured and drained is the same as for tools. */
export const requestReader = ({ tools, calls, queries }: RequestReaderOptions): RequestReader => ({
  find: async (id, waitSeconds, context) => {
    const given = { request_id: id, wait_seconds: waitSeconds };
    const outcome = await tools.call("check_request_status", given, traced(context));
    if (outcome.kind === "page") throw new TypeError("check_request_status returned a page");
    return outcome;
  },
  timeline: (ref, context) =>
    calls.run("request_timeline", traced(context), () => queries.timeline(ref), summaryOf),
  list: (query, context) => calls.run("list_requests", traced(context), () => queries.list(query), summaryOf),
  count: (filter, context) =>
    calls.run("count_requests", traced(context), () => countOf(queries, filter), summaryOf),
});

const countOf = async (queries: RequestQueries, filter: RequestFilter) => ({
  kind: "counted" as const,
  ...(await queries.count(filter)),
});

const summaryOf = (result: { readonly kind: string } | ApiFailure): CallSummary => ({
  outcome: "error" in result ? result.error.code : (outcomes.get(result.kind) ?? result.kind),
});

/** As the tools call the same outcomes. */
const outcomes: ReadonlyMap<string, string> = new Map([
  ["page", "listed"],
  ["invalid_cursor", "invalid_arguments"],
]);

const traced = (context: ReadContext): ReadContext => ({
  ...context,
  traceparent: traceparentOf(undefined, context.traceparent),
});
