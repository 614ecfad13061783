import {
  CLIENT_INFO_META_KEY,
  type McpServerFactory,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { z } from "zod";
import type { RecipientPolicy } from "@loopgate/domain";
import type { ToolRegistry } from "../tools/registry.ts";
import { toolResult } from "../tools/result.ts";
import type { Caller } from "../tools/tool.ts";
import { capabilities, instructions, serverInfo } from "./identity.ts";
import { traceparentOf } from "./traceparent.ts";

/** The tool list of one version never changes. */
const LIST_TTL_MS = 3_600_000;

export interface McpServerParts {
  readonly tools: ToolRegistry;
  readonly version: string;
  /** Whom the questions of these servers' clients go to, if not to whom the gateway asks. */
  readonly policy?: RecipientPolicy;
}

/** One server for each exchange (HTTP) or connection (stdio), for every protocol revision, over the same tools. */
export function mcpServerFactory({ tools, version, policy }: McpServerParts): McpServerFactory {
  const info = serverInfo(version);
  const list = { tools: tools.definitions.map((definition) => ({ ...definition })) };
  const options = {
    capabilities,
    instructions,
    cacheHints: { "tools/list": { ttlMs: LIST_TTL_MS, cacheScope: "public" } },
  } as const;
  return () => {
    const server = new Server(info, options);
    server.setRequestHandler("tools/list", () => list);
    server.setRequestHandler("tools/call", async ({ params }, context) => {
      if (!tools.has(params.name)) throw new ProtocolError(ProtocolErrorCode.InvalidParams, "Unknown tool");
      const known = { greetedAs: server.getClientVersion()?.name, policy };
      const outcome = await tools.call(params.name, params.arguments, callerOf(context, known));
      return { ...toolResult(outcome) };
    });
    return server;
  };
}

/** The current protocol names the client in every request, the older one in its handshake. */
const Envelope = z.looseObject({ [CLIENT_INFO_META_KEY]: z.looseObject({ name: z.string() }) });

interface Known {
  readonly greetedAs: string | undefined;
  readonly policy: RecipientPolicy | undefined;
}

function callerOf({ mcpReq, http }: ServerContext, { greetedAs, policy }: Known): Caller {
  return {
    clientName: Envelope.safeParse(mcpReq.envelope).data?.[CLIENT_INFO_META_KEY].name ?? greetedAs,
    keyId: http?.authInfo?.clientId,
    traceparent: traceparentOf(mcpReq._meta, http?.req?.headers.get("traceparent")),
    policy,
    signal: mcpReq.signal,
    onProgress: reporterFor(mcpReq),
  };
}

function reporterFor(mcpReq: ServerContext["mcpReq"]): Caller["onProgress"] {
  const token = mcpReq._meta?.progressToken;
  if (token === undefined) return undefined;
  return (progress) => {
    if (mcpReq.signal.aborted) return;
    const params = { progressToken: token, ...progress };
    // A report that can't be sent any more belongs to a connection whose end ends the wait as well.
    mcpReq.notify({ method: "notifications/progress", params }).catch(() => undefined);
  };
}
