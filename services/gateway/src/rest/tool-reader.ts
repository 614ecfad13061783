import type { RequestReader } from "@loopgate/rest";
import { traceparentOf } from "../mcp/traceparent.ts";
import type { ToolRegistry } from "../tools/registry.ts";

/** Reads by the tools: what they log, measure and drain holds for `/v1` too. */
export const toolReader = (tools: ToolRegistry): RequestReader => ({
  find: async (id, waitSeconds, context) => {
    const given = { request_id: id, wait_seconds: waitSeconds };
    const outcome = await tools.call("check_request_status", given, traced(context));
    if (outcome.kind === "page") throw new TypeError("check_request_status returned a page");
    return outcome;
  },
  list: async (filter, context) => {
    const outcome = await tools.call("list_pending_requests", filter, traced(context));
    if (outcome.kind === "request") throw new TypeError("list_pending_requests returned no page");
    return outcome;
  },
});

const traced = <Context extends { readonly traceparent?: string | undefined }>(
  context: Context,
): Context => ({
  ...context,
  traceparent: traceparentOf(undefined, context.traceparent),
});
