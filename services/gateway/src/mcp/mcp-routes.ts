import { seconds } from "@loopgate/contracts";
import {
  classifyInboundRequest,
  createMcpHandler,
  type McpServerFactory,
  WebStandardStreamableHTTPServerTransport,
} from "@modelcontextprotocol/server";
import type { Logger } from "@loopgate/runtime";
import { type ParsedJson, parseJson } from "@loopgate/runtime/json";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { keyCallerOf } from "@loopgate/rest";
import { parseArguments } from "@loopgate/rest/arguments";
import type { ToolRegistry } from "../tools/registry.ts";
import { invalidRequest, isMessage, jsonRpcError, TOO_DEEP } from "./json-rpc.ts";
import type { PlainCalls } from "./plain-calls.ts";
import { mcpServerFactory } from "./server.ts";
import { traceparentOf } from "./traceparent.ts";
import { exchange, goneSignal, type WebHandler } from "./web-request-bridge.ts";

export interface McpRouteOptions {
  readonly tools: ToolRegistry;
  readonly plainCalls: PlainCalls;
  readonly version: string;
  readonly keepAliveMs: number | undefined;
  readonly logger: Logger;
}

const config = { access: ["request"] } as const;

/**
 * `/mcp`: every protocol revision and plain calls, on one path, without MCP sessions. Disposing ends the open
 * subscription streams.
 */
export function addMcpRoutes(
  app: FastifyInstance,
  { tools, plainCalls, version, keepAliveMs, logger }: McpRouteOptions,
): AsyncDisposable {
  const handlers = openHandlers(mcpServerFactory({ tools, version }), keepAliveMs, logger);
  app.post("/mcp", { config }, async (request, reply) => {
    const text = typeof request.body === "string" ? request.body : "";
    const json = parseJson(text);
    // A body that can't be parsed shows only by its text whether its sender expects JSON-RPC.
    if (json.kind !== "value") return answerUnreadable(reply, text.includes('"jsonrpc"'), json, plainCalls);
    // Frees the text: thousands of calls may wait for minutes.
    request.body = undefined;
    if (speaksJsonRpc(json.value)) {
      const shape = answerShape(request, json.value);
      const gone = shape === "oneJson" ? { signal: goneSignal(reply.raw) } : {};
      return exchange(request, reply, { handler: handlers[shape], body: json.value, ...gone });
    }
    const context = {
      caller: keyCallerOf(request),
      signal: goneSignal(reply.raw),
      userAgent: request.headers["user-agent"],
      traceparent: traceparentOf(undefined, request.headers["traceparent"]),
    };
    const answer = await plainCalls.answer(json.value, context);
    return answer === undefined ? reply.code(202).send() : reply.send(answer);
  });
  app.route({
    method: ["GET", "DELETE", "PUT", "PATCH", "OPTIONS"],
    url: "/mcp",
    config,
    handler: (_request, reply) =>
      reply.code(405).header("allow", "POST").send(jsonRpcError(-32_000, "Method not allowed.")),
  });
  return handlers;
}

function answerUnreadable(
  reply: FastifyReply,
  isJsonRpc: boolean,
  json: Exclude<ParsedJson, { kind: "value" }>,
  plainCalls: PlainCalls,
): FastifyReply {
  if (json.kind === "not_json") {
    return isJsonRpc
      ? reply.code(400).send(jsonRpcError(-32_700, "Parse error"))
      : reply.send(plainCalls.parseError);
  }
  return isJsonRpc
    ? reply.code(400).send(invalidRequest(json.value, TOO_DEEP))
    : reply.send(plainCalls.invalidRequest(json.value, TOO_DEEP));
}

type AnswerShape = "streaming" | "direct" | "oneJson";

function openHandlers(
  factory: McpServerFactory,
  keepAliveMs: number | undefined,
  logger: Logger,
): Record<AnswerShape, WebHandler> & AsyncDisposable {
  // Logs only the name: the message of an error may contain the caller's text.
  const onerror = ({ name }: Error) => logger.debug({ error: name }, "an error in an MCP exchange");
  const keepAlive = keepAliveMs === undefined ? {} : { keepAliveMs };
  const streaming = createMcpHandler(factory, { responseMode: "sse", onerror, ...keepAlive });
  const direct = createMcpHandler(factory, { responseMode: "auto", onerror, ...keepAlive });
  return {
    streaming,
    direct,
    oneJson: oneJsonHandler(factory),
    [Symbol.asyncDispose]: async () => {
      await Promise.all([streaming.close(), direct.close()]);
    },
  };
}

/**
 * Answers one exchange of an older protocol revision with a single JSON object: for clients that accept no event stream.
 * The library's transport rejects such clients, so the `accept` header that it wants is added.
 */
function oneJsonHandler(factory: McpServerFactory): WebHandler {
  return {
    fetch: async (request, options) => {
      const headers = new Headers(request.headers);
      headers.set("accept", "application/json, text/event-stream");
      const accepting = new Request(request.url, { method: request.method, headers });
      const server = await factory({ era: "legacy", requestInfo: accepting });
      const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
      await server.connect(transport);
      const gone = Promise.withResolvers<Response>();
      request.signal.addEventListener("abort", () => gone.resolve(new Response(null, { status: 499 })));
      try {
        return await Promise.race([transport.handleRequest(accepting, options), gone.promise]);
      } finally {
        await server.close();
      }
    },
  };
}

/**
 * A call that waits gets an event stream at once, because the stream's comments keep the connection alive. Other calls
 * are answered directly. A client of an older protocol revision that accepts no stream always gets one JSON object.
 */
function answerShape({ headers }: FastifyRequest, body: unknown): AnswerShape {
  const takesStream = headers.accept?.toLowerCase().includes("text/event-stream") === true;
  if (takesStream) return waits(body) ? "streaming" : "direct";
  const era = classifyInboundRequest({
    httpMethod: "POST",
    body,
    ...textMember("protocolVersionHeader", headers["mcp-protocol-version"]),
    ...textMember("mcpMethodHeader", headers["mcp-method"]),
    ...textMember("mcpNameHeader", headers["mcp-name"]),
  });
  return era.kind === "legacy" ? "oneJson" : "direct";
}

const textMember = (name: string, value: string | string[] | undefined) =>
  typeof value === "string" ? { [name]: value } : {};

function waits(body: unknown): boolean {
  const call = parseArguments(WaitArguments, member(member(body, "params"), "arguments"));
  return call.kind === "parsed" && (call.value.wait_seconds ?? 0) > 0;
}

const WaitArguments = z.object({ wait_seconds: seconds().optional() });

/** True for a JSON-RPC message, and for a batch (in older protocol revisions) that contains one. */
const speaksJsonRpc = (body: unknown): boolean =>
  Array.isArray(body) ? body.some(isMessage) : isMessage(body);

const member = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;
