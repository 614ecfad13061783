import type { RequestView } from "@loopgate/contracts";

const MODERN = "2026-07-28";
export const REVISIONS = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] as const;
const BOTH = "application/json, text/event-stream";

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  /** The JSON body, or the last message of an event stream. */
  // oxlint-disable-next-line typescript/no-explicit-any -- what came over the wire
  readonly body: any;
  /** All messages of an event stream. */
  // oxlint-disable-next-line typescript/no-explicit-any -- what came over the wire
  readonly messages: readonly any[];
}

export async function post(
  url: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
  signal?: AbortSignal,
): Promise<Answer> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  });
  return answerOf(response);
}

export const get = async (url: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
  answerOf(await fetch(url, { headers }));

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  const type = response.headers.get("content-type") ?? "";
  const messages = type.startsWith("text/event-stream") ? dataOf(text) : [];
  const body = messages.at(-1) ?? (type.startsWith("application/json") ? JSON.parse(text) : undefined);
  return { status: response.status, type, text, body, messages };
}

const dataOf = (stream: string) =>
  stream
    .split("\n")
    .filter((line) => line.startsWith("data: "))
    .map((line) => JSON.parse(line.slice("data: ".length)));

/** A JSON-RPC message of the 2026-07-28 revision, with the headers that it needs. */
export function modern(
  method: string,
  params: Record<string, unknown> = {},
  meta: Record<string, unknown> = {},
) {
  const envelope = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
    ...meta,
  };
  return {
    body: { jsonrpc: "2.0", id: 1, method, params: { ...params, _meta: envelope } },
    headers: {
      accept: BOTH,
      "mcp-protocol-version": MODERN,
      "mcp-method": method,
      ...(typeof params["name"] === "string" ? { "mcp-name": params["name"] } : {}),
    },
  };
}

/** The same for the older revisions. */
export const legacy = (revision: string, method: string, params: Record<string, unknown> = {}) => ({
  body: { jsonrpc: "2.0", id: 1, method, params },
  headers: {
    accept: BOTH,
    ...(method === "initialize" || revision < "2025-06-18" ? {} : { "mcp-protocol-version": revision }),
  },
});

export const send = (
  url: string,
  { body, headers }: { body: unknown; headers: Readonly<Record<string, string>> },
  signal?: AbortSignal,
) => post(`${url}/mcp`, body, headers, signal);

/** Calls a tool by a plain call. */
export async function call(url: string, name: string, args: Record<string, unknown>, signal?: AbortSignal) {
  const body = { method: "tools/call", params: { name, arguments: args }, id: "1" };
  return (await post(`${url}/mcp`, body, {}, signal)).body;
}

/** Calls a tool by a plain call and expects a request's view. */
export async function view(
  url: string,
  name: string,
  args: Record<string, unknown>,
  signal?: AbortSignal,
): Promise<RequestView> {
  const { result, error } = await call(url, name, args, signal);
  if (result === undefined || result.isError === true) {
    throw new Error(JSON.stringify(error ?? result.structuredContent));
  }
  return result.structuredContent;
}

/** Calls a tool by a plain call and expects a tool error. */
export async function refusal(url: string, name: string, args: Record<string, unknown>) {
  const { result } = await call(url, name, args);
  if (result?.isError !== true) throw new Error(`no error: ${JSON.stringify(result)}`);
  return result.structuredContent.error;
}

/** A call that waits for a request; resolves once it waits. */
export async function waitFor(url: string, request_id: string, wait_seconds = 50) {
  const params = { name: "check_request_status", arguments: { request_id, wait_seconds } };
  const { body, headers } = modern("tools/call", params, { progressToken: 1 });
  const init = { method: "POST", headers: { "content-type": "application/json", ...headers } };
  const response = await fetch(`${url}/mcp`, { ...init, body: JSON.stringify(body) });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = (await reader.read()).value ?? "";
  const rest = async () => {
    for (let part = await reader.read(); !part.done; part = await reader.read()) text += part.value;
    return dataOf(text).at(-1).result.structuredContent as RequestView;
  };
  return { result: rest() };
}
