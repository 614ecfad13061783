import { SUPPORTED_PROTOCOL_VERSIONS } from "@modelcontextprotocol/server";
import { z } from "zod";
import { CallFailed, type ToolRegistry } from "../tools/registry.ts";
import { toolResult } from "../tools/result.ts";
import type { Caller } from "../tools/tool.ts";
import { capabilities, instructions, serverInfo } from "../mcp/identity.ts";
import { CallId, idIn } from "../mcp/json-rpc.ts";
import { traceparentOf } from "../mcp/traceparent.ts";

/** One JSON answer, without the `jsonrpc` member that the call did not have. */
export type PlainAnswer =
  | { readonly result: object; readonly id: CallId }
  | { readonly error: PlainError; readonly id: CallId | null };

interface PlainError {
  readonly code: number;
  readonly message: string;
  readonly data: readonly string[] | null;
}

/** What a body that is no JSON is answered with. */
export const brokenJson: PlainAnswer = { error: problem(-32_700, "Parse error"), id: null };

/** What plain calls run on. */
export interface PlainCallParts {
  readonly tools: ToolRegistry;
  readonly version: string;
}

/**
 * Answers a body or line without `jsonrpc`, as the original's clients send them: no handshake, one JSON answer. Undefined
 * for a notification, which gets none.
 */
export async function answerPlainCall(
  parts: PlainCallParts,
  body: unknown,
  caller: Caller,
): Promise<PlainAnswer | undefined> {
  const call = PlainCall.safeParse(body);
  if (!call.success) return { error: problem(-32_600, "Invalid Request"), id: idIn(body) };
  const { id, method, params } = call.data;
  if (id === undefined) {
    const isNotification = method.startsWith("notifications/");
    return isNotification
      ? undefined
      : { error: problem(-32_600, "Invalid Request: id is missing"), id: null };
  }
  try {
    return { ...(await answer(parts, method, params, caller)), id };
  } catch (error) {
    if (error instanceof CallFailed) return { error: problem(-32_603, "Internal error"), id };
    throw error;
  }
}

type Answer = { readonly result: object } | { readonly error: PlainError };

async function answer(
  { tools, version }: PlainCallParts,
  method: string,
  params: unknown,
  caller: Caller,
): Promise<Answer> {
  switch (method) {
    case "initialize":
      return { result: initializeResult(params, version) };
    case "ping":
      return { result: {} };
    case "tools/list":
      return { result: { tools: tools.definitions } };
    case "tools/call":
      return callTool(tools, params, caller);
    default:
      return { error: problem(-32_601, "Method not found") };
  }
}

/** Bad arguments are a protocol failure here; whatever else a tool refuses is its result, as everywhere. */
async function callTool(tools: ToolRegistry, params: unknown, caller: Caller): Promise<Answer> {
  const parsed = ToolParams.safeParse(params);
  if (!parsed.success)
    return { error: problem(-32_602, "Invalid params", ["params.name: must name a tool"]) };
  const { name, arguments: given, _meta: meta } = parsed.data;
  if (!tools.has(name)) return { error: problem(-32_601, "Tool not found") };
  const outcome = await tools.call(name, given, {
    ...caller,
    traceparent: traceparentOf(meta, caller.traceparent),
  });
  if (outcome.kind === "refused" && outcome.refusal.problems !== undefined) {
    return { error: problem(-32_602, "Invalid params", outcome.refusal.problems) };
  }
  return { result: toolResult(outcome) };
}

/** The revision asked for if we speak it, else our newest that has this handshake. */
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

function problem(code: number, message: string, data: readonly string[] | null = null): PlainError {
  return { code, message, data };
}

const PlainCall = z.looseObject({
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
