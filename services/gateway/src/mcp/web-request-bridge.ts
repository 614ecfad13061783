import type { AuthInfo } from "@modelcontextprotocol/server";
import type { ServerResponse } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";

/** A web-standard handler of the protocol's library. */
export interface WebHandler {
  fetch(request: Request, options: ExchangeOptions): Promise<Response>;
}

interface ExchangeOptions {
  readonly parsedBody: unknown;
  /** The API key that the request came with, in the words of the protocol's library. */
  readonly authInfo?: AuthInfo;
}

/** All that is read of a request besides its body. */
const HEADERS = [
  "accept",
  "content-type",
  "mcp-protocol-version",
  "mcp-method",
  "mcp-name",
  "traceparent",
] as const;

export interface Exchange {
  readonly handler: WebHandler;
  /** What the request's body says. */
  readonly body: unknown;
  /** Aborted when the client is gone; not needed where the answer is a stream, which tells when nobody reads it any more. */
  readonly signal?: AbortSignal;
}

/** Has a handler answer a request whose body is read already. */
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
  const response = await handler.fetch(asked, { parsedBody: body, ...authInfoOf(request) });
  if (isStream(response)) {
    void reply.send(response);
    // Otherwise the client would hear nothing before the first comment, and may give up.
    reply.raw.flushHeaders();
    return reply;
  }
  return reply
    .code(response.status)
    .headers(Object.fromEntries(response.headers))
    .send(response.body === null ? undefined : await response.text());
}

/** Nobody behind this point needs the key itself. */
function authInfoOf({ apiKey }: FastifyRequest): { readonly authInfo?: AuthInfo } {
  if (apiKey === null) return {};
  return { authInfo: { token: "", clientId: apiKey.id, scopes: [...apiKey.scopes] } };
}

/** Aborted when the client is gone before it has its answer. */
export function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) gone.abort();
  });
  return gone.signal;
}

const isStream = ({ headers }: Response): boolean =>
  headers.get("content-type")?.startsWith("text/event-stream") === true;
