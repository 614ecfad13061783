import { RequestView } from "@loopgate/contracts";
import { z } from "zod";
import type { Call } from "./call.ts";

const REVISION = "2026-07-28";

/** A tool call of the newest revision, as a client sends it by POST. */
export function mcpCall(tool: string, args: object): Call {
  const meta = {
    "io.modelcontextprotocol/protocolVersion": REVISION,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": { name: "bench", version: "1" },
  };
  const params = { name: tool, arguments: args, _meta: meta };
  return {
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": REVISION,
      "mcp-method": "tools/call",
      "mcp-name": tool,
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params }),
  };
}

/** A question as agents ask it. */
export const question = {
  message: "Restart orders-prod? The last three health checks failed and its queue grows by 200 a minute.",
  request_type: "confirmation",
  session_id: "bench",
  client_id: "bench",
  metadata: { service: "orders", region: "eu-central-1" },
};

const Answer = z.looseObject({ result: z.looseObject({ structuredContent: RequestView }) });

/** The request in an answer: a JSON object, or the last message of an event stream. */
export function viewIn(text: string): RequestView {
  const data = text.startsWith("{") ? text : text.slice(text.lastIndexOf("data: ") + "data: ".length);
  return Answer.parse(JSON.parse(data)).result.structuredContent;
}
