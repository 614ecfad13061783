import { SUPPORTED_PROTOCOL_VERSIONS } from "@modelcontextprotocol/server";
import { CallFailed, describeProblem } from "@loopgate/rest";
import { z } from "zod";
import type { ToolRegistry } from "../tools/registry.ts";
import { toolResult } from "../tools/result.ts";
import type { CallContext } from "../tools/tool.ts";
import { capabilities, instructions, serverInfo } from "../mcp/identity.ts";
import { CallId, idIn } from "../mcp/json-rpc.ts";
import type { PlainCalls } from "../mcp/plain-calls.ts";
import { traceparentOf } from "../mcp/traceparent.ts";

/** One JSON answer. Like the call, it has no member `jsonrpc`. */
type JsonAnswer =
  | { readonly result: object; readonly id: CallId }
  | { readonly error: JsonError; readonly id: CallId | null };

interface JsonError {
  readonly code: number;
  readonly message: string;
  readonly data: readonly string[] | null;
}

type Answer = { readonly result: object } | { readonly error: JsonError };

/** Answers bodies and lines without `jsonrpc`, as the original's clients send them: no handshake, one JSON answer. */
export class JsonCalls implements PlainCalls {
  readonly #tools: ToolRegistry;
  readonly #version: string;

  readonly parseError: JsonAnswer = { error: problem(-32_700, "Parse error"), id: null };

  constructor(tools: ToolRegistry, version: string) {
    this.#tools = tools;
    this.#version = version;
  }

  async answer(body: unknown, context: CallContext): Promise<JsonAnswer | undefined> {
    const call = JsonCall.safeParse(body);
    if (!call.success) return this.invalidRequest(body);
    const { id, method, params } = call.data;
    if (id === undefined) {
      const isNotification = method.startsWith("notifications/");
      return isNotification
        ? undefined
        : { error: problem(-32_600, "Invalid Request: id is missing"), id: null };
    }
    try {
      return { ...(await this.#run(method, params, context)), id };
    } catch (error) {
      if (error instanceof CallFailed) return { error: problem(-32_603, "Internal error"), id };
      throw error;
    }
  }

  invalidRequest(body: unknown, message = "Invalid Request"): JsonAnswer {
    return { error: problem(-32_600, message), id: idIn(body) };
  }

  async #run(method: string, params: unknown, context: CallContext): Promise<Answer> {
    switch (method) {
      case "initialize":
        return { result: initializeResult(params, this.#version) };
      case "ping":
        return { result: {} };
      case "tools/list":
        return { result: { tools: this.#tools.definitions } };
      case "tools/call":
        return callTool(this.#tools, params, context);
      default:
        return { error: problem(-32_601, "Method not found") };
    }
  }
}

/** Invalid arguments are a protocol error in these calls. Every other tool error is a result, as in MCP. */
async function callTool(tools: ToolRegistry, params: unknown, context: CallContext): Promise<Answer> {
  const parsed = ToolParams.safeParse(params);
  if (!parsed.success)
    return { error: problem(-32_602, "Invalid params", ["params.name: must name a tool"]) };
  const { name, arguments: given, _meta: meta } = parsed.data;
  if (!tools.has(name)) return { error: problem(-32_601, "Tool not found") };
  const outcome = await tools.call(name, given, {
    ...context,
    traceparent: traceparentOf(meta, context.traceparent),
  });
  if (outcome.kind === "error" && outcome.error.problems !== undefined) {
    return { error: problem(-32_602, "Invalid params", outcome.error.problems.map(describeProblem)) };
  }
  return { result: toolResult(outcome) };
}

/** Answers with the requested revision if it is supported, else with the newest one that has this handshake. */
function initializeResult(params: unknown, version: string) {
  const asked = InitializeParams.safeParse(params).data?.protocolVersion;
  const protocolVersion = SUPPORTED_PROTOCOL_VERSIONS.find((known) => known === asked);
  return {
    protocolVersion: protocolVersion ?? SUPPORTED_PROTOCOL_VERSIONS[0],
    capabilities,
    serverInfo: serverInfo(version),
    instructions,
  };
}

function problem(code: number, message: string, data: readonly string[] | null = null): JsonError {
  return { code, message, data };
}

const JsonCall = z.looseObject({
  id: CallId.nullish().transform((id) => id ?? undefined),
  method: z.string(),
  params: z.unknown().optional(),
});

const ToolParams = z.looseObject({
  name: z.string(),
  arguments: z.unknown().optional(),
  _meta: z.record(z.string(), z.unknown()).optional().catch(undefined),
});

const InitializeParams = z.looseObject({ protocolVersion: z.string().optional() });
