import { RequestView } from "@loopgate/contracts";
import { z } from "zod";

const Result = z.looseObject({
  isError: z.boolean().optional(),
  structuredContent: z.looseObject({ error: z.looseObject({ code: z.string() }).optional() }),
});

/** Calls a tool the way `curl` would: one JSON body without `jsonrpc`, one JSON answer. */
export async function callTool(
  url: string,
  name: string,
  args: Record<string, unknown>,
  signal?: AbortSignal,
) {
  const response = await fetch(`${url}/mcp`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ method: "tools/call", params: { name, arguments: args }, id: "1" }),
    ...(signal === undefined ? {} : { signal }),
  });
  const body = z.looseObject({ result: Result }).parse(await response.json());
  return body.result;
}

/** Calls a tool that answers with a request's view. */
export async function viewFrom(
  url: string,
  name: string,
  args: Record<string, unknown>,
  signal?: AbortSignal,
) {
  const result = await callTool(url, name, args, signal);
  if (result.isError === true) throw new Error(`${name}: ${result.structuredContent.error?.code}`);
  return RequestView.parse(result.structuredContent);
}
