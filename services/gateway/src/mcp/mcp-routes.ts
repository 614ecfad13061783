import { classifyInboundRequest, createMcpHandler } from "@modelcontextprotocol/server";
import type { Logger } from "@loopgate/runtime";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { isMessage, jsonRpcError } from "./json-rpc.ts";
import { answerPlainCall, brokenJson } from "../legacy/json-calls.ts";
import { mcpServerFactory } from "./server.ts";
import { traceparentOf } from "./traceparent.ts";
import { readJson } from "../http/read-json.ts";
import type { ToolRegistry } from "../tools/registry.ts";
import { exchange, goneSignal, type WebHandler } from "./web-request-bridge.ts";
import { oneJsonAnswer } from "./one-json-answer.ts";

export interface McpRouteParts {
  readonly tools: ToolRegistry;
  readonly version: string;
  readonly keepAliveMs: number | undefined;
  readonly logger: Logger;
}

/**
 * `/mcp`: every protocol revision and plain calls, on one path, without sessions. Disposing ends the subscription streams
 * that are open.
 */
export function addMcpRoutes(app: FastifyInstance, parts: McpRouteParts): AsyncDisposable {
  const handlers = openHandlers(parts);
  app.post("/mcp", async (request, reply) => {
    const body = readJson(request.body);
    if (body === undefined) {
      // A broken body tells only by its text whose words it wants to be answered in.
      const isJsonRpc = String(request.body).includes('"jsonrpc"');
      return isJsonRpc ? reply.code(400).send(jsonRpcError(-32_700, "Parse error")) : reply.send(brokenJson);
    }
    // Calls may wait for minutes, by the thousand.
    request.body = undefined;
    if (speaksJsonRpc(body.value)) {
      const shape = answerShape(request, body.value);
      const gone = shape === "oneJson" ? { signal: goneSignal(reply.raw) } : {};
      return exchange(request, reply, { handler: handlers[shape], body: body.value, ...gone });
    }
    const caller = {
      signal: goneSignal(reply.raw),
      keyId: request.apiKey?.id,
      traceparent: traceparentOf(undefined, request.headers["traceparent"]),
    };
    const answer = await answerPlainCall(parts, body.value, caller);
    return answer === undefined ? reply.code(202).send() : reply.send(answer);
  });
  app.route({
    method: ["GET", "DELETE", "PUT", "PATCH", "OPTIONS"],
    url: "/mcp",
    handler: (_request, reply) =>
      reply.code(405).header("allow", "POST").send(jsonRpcError(-32_000, "Method not allowed.")),
  });
  return handlers;
}

type AnswerShape = "streaming" | "direct" | "oneJson";

function openHandlers({
  tools,
  version,
  keepAliveMs,
  logger,
}: McpRouteParts): Record<AnswerShape, WebHandler> & AsyncDisposable {
  const factory = mcpServerFactory({ tools, version });
  // An error's message may hold what the caller sent.
  const onerror = ({ name }: Error) => logger.debug({ error: name }, "mcp exchange");
  const keepAlive = keepAliveMs === undefined ? {} : { keepAliveMs };
  const streaming = createMcpHandler(factory, { responseMode: "sse", onerror, ...keepAlive });
  const direct = createMcpHandler(factory, { responseMode: "auto", onerror, ...keepAlive });
  return {
    streaming,
    direct,
    oneJson: oneJsonAnswer(factory),
    [Symbol.asyncDispose]: async () => {
      await Promise.all([streaming.close(), direct.close()]);
    },
  };
}

/**
 * A call that waits gets an event stream at once, because its comments keep connections alive; others are answered
 * directly. A client of the older era that asked for no stream gets one JSON object, whatever it waits for.
 */
function answerShape({ headers }: FastifyRequest, body: unknown): AnswerShape {
  const takesStream = headers.accept?.toLowerCase().includes("text/event-stream") === true;
  if (takesStream) return waits(body) ? "streaming" : "direct";
  const era = classifyInboundRequest({
    httpMethod: "POST",
    body,
    ...headerOf("protocolVersionHeader", headers["mcp-protocol-version"]),
    ...headerOf("mcpMethodHeader", headers["mcp-method"]),
    ...headerOf("mcpNameHeader", headers["mcp-name"]),
  });
  return era.kind === "legacy" ? "oneJson" : "direct";
}

const headerOf = (name: string, value: string | string[] | undefined) =>
  typeof value === "string" ? { [name]: value } : {};

function waits(body: unknown): boolean {
  const seconds = member(member(member(body, "params"), "arguments"), "wait_seconds");
  return typeof seconds === "number" && seconds > 0;
}

/** A message, or a batch of the older era with one in it. */
const speaksJsonRpc = (body: unknown): boolean =>
  Array.isArray(body) ? body.some(isMessage) : isMessage(body);

const member = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;
