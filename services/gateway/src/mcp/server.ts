import {
  CLIENT_INFO_META_KEY,
  type McpServerFactory,
  ProtocolError,
  ProtocolErrorCode,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { z } from "zod";
import type { RecipientPolicy } from "@loopgate/domain";
import type { KeyCaller } from "@loopgate/rest";
import type { ToolRegistry } from "../tools/registry.ts";
import { toolResult } from "../tools/result.ts";
import type { CallContext } from "../tools/tool.ts";
import { ToolServer } from "./tool-server.ts";
import { capabilities, instructions, serverInfo } from "./identity.ts";
import { traceparentOf } from "./traceparent.ts";
import { CallerInfo } from "./web-request-bridge.ts";

/** The tool list of one version never changes. */
const LIST_TTL_MS = 3_600_000;

/** The one client of a connection that carries no HTTP requests. */
interface ConnectedClient {
  readonly caller: KeyCaller;
  /** The recipients of this client's questions. */
  readonly policy: RecipientPolicy;
}

export interface McpServerOptions {
  readonly tools: ToolRegistry;
  readonly version: string;
  /** Absent for HTTP, where every request brings its own caller. */
  readonly client?: ConnectedClient;
}

/** Creates a server for each exchange (HTTP) or connection (stdio), for every protocol revision, over the same tools. */
export function mcpServerFactory({ tools, version, client }: McpServerOptions): McpServerFactory {
  const info = serverInfo(version);
  const list = { tools: tools.definitions.map((definition) => ({ ...definition })) };
  const options = {
    capabilities,
    instructions,
    cacheHints: { "tools/list": { ttlMs: LIST_TTL_MS, cacheScope: "public" } },
  } as const;
  return () => {
    const server = new ToolServer(info, options);
    server.setRequestHandler("tools/list", () => list);
    server.setRequestHandler("tools/call", async ({ params }, context) => {
      if (!tools.has(params.name)) throw new ProtocolError(ProtocolErrorCode.InvalidParams, "Unknown tool");
      const call = contextOf(context, client, server.getClientVersion()?.name);
      return { ...toolResult(await tools.call(params.name, params.arguments, call)) };
    });
    return server;
  };
}

/** The current protocol names the client in every request, the older one in its handshake. */
const Envelope = z.looseObject({ [CLIENT_INFO_META_KEY]: z.looseObject({ name: z.string() }) });

function contextOf(
  { mcpReq, http }: ServerContext,
  client: ConnectedClient | undefined,
  handshakeName: string | undefined,
): CallContext {
  return {
    caller: client?.caller ?? CallerInfo.in(http?.authInfo),
    clientName: Envelope.safeParse(mcpReq.envelope).data?.[CLIENT_INFO_META_KEY].name ?? handshakeName,
    userAgent: http?.req?.headers.get("user-agent") ?? undefined,
    traceparent: traceparentOf(mcpReq._meta, http?.req?.headers.get("traceparent")),
    policy: client?.policy,
    signal: mcpReq.signal,
    onProgress: reporterFor(mcpReq),
  };
}

function reporterFor(mcpReq: ServerContext["mcpReq"]): CallContext["onProgress"] {
  const token = mcpReq._meta?.progressToken;
  if (token === undefined) return undefined;
  return (progress) => {
    if (mcpReq.signal.aborted) return;
    const params = { progressToken: token, ...progress };
    // A report that cannot be sent belongs to a closed connection, whose end also ends the wait.
    mcpReq.notify({ method: "notifications/progress", params }).catch(() => undefined);
  };
}
