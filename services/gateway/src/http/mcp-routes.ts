import type { IncomingMessage, ServerResponse } from "node:http";
import { type NodeMcpRequestHandler, toNodeHandler } from "@modelcontextprotocol/node";
import { classifyInboundRequest, createMcpHandler } from "@modelcontextprotocol/server";
import type { Logger } from "@loopgate/runtime";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { answerPlainCall, brokenJson } from "../mcp/plain-call.ts";
import { mcpServerFactory } from "../mcp/server.ts";
import type { ToolRegistry } from "../tools/registry.ts";
import { jsonRpcError } from "./errors.ts";
import { oneJsonAnswer } from "./one-json-answer.ts";
import { readJson } from "./read-json.ts";

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
  const exchanges = openExchanges(parts);
  app.post("/mcp", async (request, reply) => {
    const body = readJson(request.body);
    if (body === undefined) {
      // A broken body tells only by its text whose words it wants to be answered in.
      const isJsonRpc = String(request.body).includes('"jsonrpc"');
      return isJsonRpc ? reply.code(400).send(jsonRpcError(-32_700, "Parse error")) : reply.send(brokenJson);
    }
    if (speaksJsonRpc(body.value)) {
      reply.hijack();
      await exchanges.handlerFor(request, body.value)(messageOf(request.raw), reply.raw, body.value);
      return reply;
    }
    const answer = await answerPlainCall(parts, body.value, { signal: goneSignal(reply.raw) });
    return answer === undefined ? reply.code(202).send() : reply.send(answer);
  });
  app.route({
    method: ["GET", "DELETE", "PUT", "PATCH", "OPTIONS"],
    url: "/mcp",
    handler: (_request, reply) =>
      reply.code(405).header("allow", "POST").send(jsonRpcError(-32_000, "Method not allowed.")),
  });
  return exchanges;
}

interface Exchanges extends AsyncDisposable {
  handlerFor(request: FastifyRequest, body: unknown): NodeMcpRequestHandler;
}

function openExchanges({ tools, version, keepAliveMs, logger }: McpRouteParts): Exchanges {
  const factory = mcpServerFactory(tools, version);
  // An error's message may hold what the caller sent.
  const onerror = ({ name }: Error) => logger.debug({ error: name }, "mcp exchange");
  const keepAlive = keepAliveMs === undefined ? {} : { keepAliveMs };
  const streaming = createMcpHandler(factory, { responseMode: "sse", onerror, ...keepAlive });
  const direct = createMcpHandler(factory, { responseMode: "auto", onerror, ...keepAlive });
  const handlers = {
    streaming: toNodeHandler(streaming, { onerror }),
    direct: toNodeHandler(direct, { onerror }),
    oneJson: toNodeHandler(oneJsonAnswer(factory), { onerror }),
  };
  return {
    handlerFor: (request, body) => handlers[answerShape(request, body)],
    [Symbol.asyncDispose]: async () => {
      await Promise.all([streaming.close(), direct.close()]);
    },
  };
}

/**
 * A call that waits gets an event stream at once, because its comments keep connections alive; others are answered
 * directly. A client of the older era that asked for no stream gets one JSON object, whatever it waits for.
 */
function answerShape({ headers }: FastifyRequest, body: unknown): "streaming" | "direct" | "oneJson" {
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

const WaitingCall = z.looseObject({
  params: z.looseObject({ arguments: z.looseObject({ wait_seconds: z.number().positive() }) }),
});

const waits = (body: unknown): boolean => WaitingCall.safeParse(body).success;

/** A message, or a batch of the older era with one in it. */
const speaksJsonRpc = (body: unknown): boolean =>
  Array.isArray(body) ? body.some(isMessage) : isMessage(body);

const isMessage = (body: unknown): boolean =>
  typeof body === "object" && body !== null && Object.hasOwn(body, "jsonrpc");

/** The same message, typed as the adapter wants it; its body is read already. */
const messageOf = (raw: IncomingMessage) => ({
  method: "POST",
  url: raw.url ?? "/mcp",
  headers: raw.headers,
  [Symbol.asyncIterator]: () => raw[Symbol.asyncIterator](),
});

/** Aborted when the connection ends before its answer. */
function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) gone.abort();
  });
  return gone.signal;
}
