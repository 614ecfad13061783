import type { AuthInfo } from "@modelcontextprotocol/server";
import type { ServerResponse } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { KeyCaller } from "@loopgate/rest";
import { keyCallerOf } from "@loopgate/rest";

/** A web-standard request handler of the MCP library. */
export interface WebHandler {
  fetch(request: Request, options: ExchangeOptions): Promise<Response>;
}

interface ExchangeOptions {
  readonly parsedBody: unknown;
  readonly authInfo: AuthInfo;
}

/** The request headers that handlers need. */
const HEADERS = [
  "accept",
  "content-type",
  "mcp-protocol-version",
  "mcp-method",
  "mcp-name",
  "traceparent",
  "user-agent",
] as const;

export interface Exchange {
  readonly handler: WebHandler;
  /** The parsed body of the request. */
  readonly body: unknown;
  /** Aborted when the client disconnects. Absent if the answer is a stream, which detects that itself. */
  readonly signal?: AbortSignal;
}

/** Passes a request with a parsed body to a handler and sends the handler's response. */
export async function exchange(
  request: FastifyRequest,
  reply: FastifyReply,
  { handler, body, signal }: Exchange,
): Promise<FastifyReply> {
  const headers: Record<string, string> = {};
  for (const name of HEADERS) {
    const value = request.headers[name];
    if (typeof value === "string") headers[name] = value;
  }
  const asked = new Request("http://loopgate/mcp", { method: "POST", headers, ...(signal && { signal }) });
  const authInfo = new CallerInfo(keyCallerOf(request));
  const response = await handler.fetch(asked, { parsedBody: body, authInfo });
  if (isStream(response)) {
    void reply.send(response);
    // Without this the client receives nothing before the first comment, and may give up.
    reply.raw.flushHeaders();
    return reply;
  }
  return reply
    .code(response.status)
    .headers(Object.fromEntries(response.headers))
    .send(response.body === null ? undefined : await response.text());
}

/** Carries the caller through the MCP library. The secret key stays behind. */
export class CallerInfo implements AuthInfo {
  readonly token = "";
  readonly clientId: string;
  readonly scopes: string[];
  readonly #caller: KeyCaller;

  constructor(caller: KeyCaller) {
    this.#caller = caller;
    this.clientId = caller.keyId ?? "";
    this.scopes = [...caller.scopes];
  }

  static in(info: AuthInfo | undefined): KeyCaller {
    if (!(info instanceof CallerInfo)) throw new TypeError("an MCP request without a caller");
    return info.#caller;
  }
}

/** Aborted when the client disconnects before its answer is complete. */
export function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) gone.abort();
  });
  return gone.signal;
}

const isStream = ({ headers }: Response): boolean =>
  headers.get("content-type")?.startsWith("text/event-stream") === true;
