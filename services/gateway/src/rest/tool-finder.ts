import type { RequestFinder } from "@loopgate/rest";
import { traceparentOf } from "../mcp/traceparent.ts";
import type { ToolRegistry } from "../tools/registry.ts";

/** Reads one request by the tool: what that logs, measures and drains holds for `/v1` too. */
export const toolFinder = (tools: ToolRegistry): RequestFinder => ({
  find: async (id, waitSeconds, context) => {
    const given = { request_id: id, wait_seconds: waitSeconds };
    const outcome = await tools.call("check_request_status", given, traced(context));
    if (outcome.kind === "page") throw new TypeError("check_request_status returned a page");
    return outcome;
  },
});

const traced = <Context extends { readonly traceparent?: string | undefined }>(
  context: Context,
): Context => ({
  ...context,
  traceparent: traceparentOf(undefined, context.traceparent),
});
