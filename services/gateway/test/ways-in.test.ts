import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "./support/gateway.ts";
import { connectLines } from "./support/line-client.ts";
import { legacy, modern, post, send } from "./support/wire.ts";

let g: TestGateway;
beforeAll(async () => {
  g = await startGateway();
});
afterAll(() => g[Symbol.asyncDispose]());

// oxlint-disable-next-line typescript/no-explicit-any -- what came over the wire
type Result = any;
type Way = (name: string, args: unknown) => Promise<Result>;

/** How callers reach a tool; each returns the tool's structured result, or the error instead. */
const ways: readonly (readonly [string, Way])[] = [
  [
    "MCP, current",
    async (name, args) => resultOf(await send(g.url, modern("tools/call", { name, arguments: args }))),
  ],
  [
    "MCP, older",
    async (name, args) =>
      resultOf(await send(g.url, legacy("2025-06-18", "tools/call", { name, arguments: args }))),
  ],
  [
    "MCP, one JSON object",
    async (name, args) => resultOf(await post(`${g.url}/mcp`, { jsonrpc: "2.0", ...calling(name, args) })),
  ],
  ["a JSON call", async (name, args) => resultOf(await post(`${g.url}/mcp`, calling(name, args)))],
  ["a JSON call over stdio", async (name, args) => overLines(calling(name, args))],
  [
    "MCP over stdio",
    async (name, args) => overLines({ ...modern("tools/call", { name, arguments: args }).body }),
  ],
];

const calling = (name: string, args: unknown) => ({
  method: "tools/call",
  params: { name, arguments: args },
  id: 1,
});

const resultOf = ({ body }: { readonly body: Result }): Result =>
  body.result?.structuredContent ?? body.error;

async function overLines(call: object): Promise<Result> {
  const client = await connectLines(g);
  client.say(call);
  const body = await client.hear();
  client.hangUp();
  return resultOf({ body });
}

/** What the log holds of a question. */
async function questionOf(id: string) {
  const created = await g.requests.created({ tenant: "default", id });
  if (created === undefined) throw new Error("the log does not hold the question");
  const { prompt, metadata, client_id, session_id } = created.event.data;
  return { options: prompt.options.map(({ value }) => value), metadata, client_id, session_id };
}

const filled = {
  message: "m",
  request_type: "",
  options: "",
  timeout_seconds: "",
  wait_seconds: "",
  session_id: "",
  client_id: "",
  metadata: "",
  idempotency_key: "",
};

describe.each(ways)("%s", (_name, call) => {
  it("takes lists, objects and numbers as JSON text", async () => {
    const args = {
      message: "m",
      options: '["eu","us"]',
      metadata: '{"a":1}',
      wait_seconds: "0",
      timeout_seconds: "60",
    };
    const asked = await call("request_human_input", args);
    expect(asked).toMatchObject({ status: "pending", request_type: "choice" });
    expect(Date.parse(asked.expires_at) - Date.parse(asked.created_at)).toBe(60_000);
    expect(await questionOf(asked.request_id)).toMatchObject({ options: ["eu", "us"], metadata: { a: 1 } });
    const { request_id } = asked;
    expect(await call("check_request_status", { request_id, wait_seconds: "0" })).toMatchObject({
      request_id,
    });
    expect(await call("list_pending_requests", { limit: "1" })).toMatchObject({ count: 1 });
  });

  it("takes all arguments as one JSON text", async () => {
    expect(await call("request_human_input", '{"message":"m"}')).toMatchObject({ status: "pending" });
    expect(await call("list_pending_requests", "")).toMatchObject({ count: expect.any(Number) });
    expect(await call("list_pending_requests", null)).toMatchObject({ count: expect.any(Number) });
  });

  it("takes an empty text for an absent argument in every tool", async () => {
    const asked = await call("request_human_input", filled);
    expect(asked).toMatchObject({ status: "pending", request_type: "input", session_id: "default" });
    const { request_id } = asked;
    expect(await call("check_request_status", { request_id, wait_seconds: "" })).toMatchObject({
      request_id,
    });
    const all = { session_id: "", client_id: "", limit: "", cursor: "" };
    expect(await call("list_pending_requests", all)).toMatchObject({ count: expect.any(Number) });
    expect(await call("cancel_request", { request_id, reason: "" })).toMatchObject({ status: "cancelled" });
  });

  it.each([
    ["request_human_input", { message: "m", options: "eu, us" }],
    ["request_human_input", { message: "m", metadata: "[1]" }],
    ["request_human_input", { message: "m", wait_seconds: "soon" }],
    ["request_human_input", '["m"]'],
    ["list_pending_requests", { limit: "many" }],
  ])("refuses unreadable text: %s %j", async (name, args) => {
    const answer = await call(name, args);
    expect(answer.error?.code ?? answer.code).toBeOneOf(["invalid_arguments", -32_602]);
  });
});

describe("/hitl", () => {
  const ask = (body: object | string) => post(`${g.url}/hitl/request`, body);
  const required = { session_id: "hitl", client_id: "c" };

  it("takes the same as text or absent", async () => {
    const read = await ask({
      ...required,
      message: "m",
      options: '["eu"]',
      metadata: '{"a":1}',
      timeout_seconds: "60",
    });
    expect(await questionOf(read.body.request_id)).toMatchObject({ options: ["eu"], metadata: { a: 1 } });
    expect((await ask({ ...filled, ...required })).status).toBe(200);
    const { request_id } = read.body;
    expect((await post(`${g.url}/hitl/cancel`, { request_id, reason: "" })).status).toBe(200);
    const session = { ...required, telegram_id: 7 };
    expect((await post(`${g.url}/hitl/register`, { ...session, responder_ids: "" })).status).toBe(200);
    expect((await post(`${g.url}/hitl/register`, { ...session, responder_ids: "[]" })).status).toBe(200);
    expect((await post(`${g.url}/hitl/register`, { ...session, responder_ids: "7" })).status).toBe(400);
  });

  it("needs its required fields", async () => {
    expect((await ask({ ...filled, client_id: "c" })).status).toBe(400);
  });
});

describe("a byte order mark", () => {
  it.each([
    ["/mcp", { method: "ping", id: 1 }],
    ["/mcp", { jsonrpc: "2.0", method: "ping", id: 1 }],
    ["/mcp/", { method: "ping", id: 1 }],
    ["/hitl/request", { session_id: "s", client_id: "c", message: "m" }],
    ["/hitl/cancel", { request_id: "", reason: "" }],
  ])("may begin a body at %s: %j", async (path, body) => {
    const plain = await post(`${g.url}${path}`, body);
    const marked = await post(`${g.url}${path}`, `\u{FEFF}${JSON.stringify(body)}`);
    const shape = ({ status, body }: typeof plain) => [status, body.error ?? Object.keys(body)];
    expect(shape(marked)).toEqual(shape(plain));
  });

  it("may begin any line", async () => {
    const client = await connectLines(g);
    for (const id of [1, 2]) {
      client.say(`\u{FEFF}{"method":"ping","id":${id}}`);
      expect(await client.hear()).toEqual({ result: {}, id });
    }
    client.hangUp();
  });
});

it("a slash may end every path", async () => {
  const ping = { method: "ping", id: 1 };
  expect((await post(`${g.url}/mcp/`, ping)).body).toEqual({ result: {}, id: 1 });
  expect((await post(`${g.url}/mcp/?a=1`, { jsonrpc: "2.0", ...ping })).body.result).toEqual({});
  expect((await fetch(`${g.url}/mcp/`)).status).toBe(405);
  expect((await fetch(`${g.url}/health/`)).status).toBe(200);
  expect((await fetch(`${g.url}/hitl/pending/`)).status).toBe(200);
  const evil = await post(`${g.url}/mcp/`, ping, { origin: "https://evil.example.com" });
  expect(evil.body).toMatchObject({ jsonrpc: "2.0", error: { code: -32_000 } });
});

it("a wait given as text opens an event stream at once, as one given as a number does", async () => {
  const asked = await post(`${g.url}/mcp`, calling("request_human_input", { message: "m" }));
  const { request_id } = asked.body.result.structuredContent;
  for (const args of [
    { request_id, wait_seconds: "50" },
    `{"request_id":"${request_id}","wait_seconds":50}`,
  ]) {
    const { body, headers } = modern("tools/call", { name: "check_request_status", arguments: args });
    const leave = new AbortController();
    const typed = { "content-type": "application/json", ...headers };
    const init = { method: "POST", headers: typed, body: JSON.stringify(body), signal: leave.signal };
    const response = await fetch(`${g.url}/mcp`, init);
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    leave.abort();
  }
});
