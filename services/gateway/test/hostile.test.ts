import { once } from "node:events";
import { Agent, request } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { filters } from "@loopgate/contracts";
import { createLogger } from "@loopgate/runtime";
import { HostileInputs } from "@loopgate/testing";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startGateway, type TestGateway } from "./support/gateway.ts";
import { connectLines } from "./support/line-client.ts";
import { legacy, modern, view } from "./support/wire.ts";

const SEED = 20_261_130;
/** How many requests are under way at once. */
const AT_ONCE = 12;
/** Short waits happen, and no question expires while the test runs. */
const limits = { maxWaitSeconds: 0.05, minTimeoutSeconds: 600 };

const errors: unknown[] = [];
const logger = createLogger("test", "error", { write: (line) => void errors.push(line) });
const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
let g: TestGateway;
let asked = "";
beforeAll(async () => {
  g = await startGateway({ logger, settings: limits });
  const question = { message: "Deploy?", request_type: "confirmation", idempotency_key: "k" };
  asked = (await view(g.url, "request_human_input", question)).request_id;
});
afterAll(async () => {
  agent.destroy();
  await g[Symbol.asyncDispose]();
});

const question = {
  message: "m",
  request_type: "choice",
  options: ["Yes", { label: "No", value: "no", effect: "deny" }],
  timeout_seconds: 600,
  wait_seconds: 1,
  session_id: "s",
  client_id: "c",
  metadata: { a: { b: [1, "2"] } },
  idempotency_key: "k",
};
const noId = "019ab3f0-7c00-7000-8000-000000000001";

/** Valid calls; none of them decides anything. */
const calls = () =>
  [
    ["tools/call", { name: "request_human_input", arguments: question }],
    ["tools/call", { name: "check_request_status", arguments: { request_id: asked, wait_seconds: 1 } }],
    ["tools/call", { name: "list_pending_requests", arguments: { session_id: "s", limit: 3, cursor: "x" } }],
    ["tools/call", { name: "cancel_request", arguments: { request_id: noId, reason: "r" } }],
    ["tools/list", { cursor: "x" }],
    [
      "initialize",
      { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "c", version: "1" } },
    ],
    ["ping", {}],
    ["notifications/cancelled", { requestId: 1, reason: "r" }],
  ] as const;

const dialects = [
  (method: string, params: object) => ({ body: { id: 1, method, params }, headers: {} }),
  (method: string, params: object) => ({ body: { jsonrpc: "2.0", id: 1, method, params }, headers: {} }),
  (method: string, params: object) => legacy("2025-06-18", method, { ...params }),
  (method: string, params: object) => modern(method, { ...params }, { progressToken: 1 }),
  (method: string, params: object) => ({
    body: [{ jsonrpc: "2.0", id: 1, method, params }],
    headers: { accept: "application/json, text/event-stream" },
  }),
] as const;

function hostileCall(hostile: HostileInputs) {
  const [method, params] = hostile.pick(calls());
  return hostile.pick(dialects)(method, params);
}

const paths = () =>
  [
    ["POST", "/hitl/request", { ...question, idempotency_key: undefined }],
    ["POST", "/hitl/cancel", { request_id: noId, reason: "r" }],
    ["POST", "/hitl/register", { session_id: "s", client_id: "c", telegram_id: 7, responder_ids: [7] }],
    ["POST", "/hitl/deactivate", { session_id: "hostile" }],
    ["GET", `/hitl/poll?request_id=${asked}`, {}],
    ["GET", "/hitl/status?session_id=s", {}],
    ["GET", "/hitl/pending?cursor=x", {}],
    ["POST", "/v1/requests", { ...question, idempotency_key: undefined }],
    ["POST", `/v1/requests/${noId}/cancel`, { reason: "r" }],
    ["GET", `/v1/requests/${asked}?wait_seconds=1`, {}],
    ["GET", "/v1/requests?session_id=s&limit=3&cursor=x", {}],
    ["GET", "/mcp/tools", {}],
    ["POST", "/mcp/", { method: "ping", id: 1 }],
  ] as const;

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

async function exchange({ method, path, body, headers }: Sent) {
  const sending = request(`${g.url}${path}`, {
    agent,
    method,
    headers: { "content-type": "application/json", ...headers },
  });
  sending.end(method === "GET" ? undefined : body);
  const [response] = await once(sending, "response");
  return {
    status: Number(response.statusCode),
    type: String(response.headers["content-type"] ?? ""),
    text: await text(response),
  };
}

/** Fails unless an answer is one of the documented formats, and no failure of ours. */
function expectAnswer({ status, type, text }: Awaited<ReturnType<typeof exchange>>): void {
  if (type.startsWith("application/problem+json")) {
    expect(JSON.parse(text)).toMatchObject({ status, code: expect.toSatisfy(isErrorCode) });
  } else if (status >= 500) {
    expect([status, JSON.parse(text).error?.message]).toEqual([503, expect.stringMatching(/\w/)]);
  } else if (text === "") {
    expect(status).toBeOneOf([202, 204, 304]);
  } else if (type.startsWith("text/event-stream")) {
    const data = text.split("\n").filter((line) => line.startsWith("data: "));
    for (const line of data) expectMessage(JSON.parse(line.slice("data: ".length)));
  } else {
    expect(type).toMatch(/^application\/json/);
    for (const message of [JSON.parse(text)].flat()) expectMessage(message);
  }
}

/** An error of ours has a code and a sentence; `-32603` would be a failure inside. */
function expectMessage(message: Record<string, unknown>): void {
  expect(typeof message).toBe("object");
  const { error } = message;
  if (error === undefined) return;
  expect(error).toMatchObject({ code: expect.toSatisfy(isErrorCode), message: expect.stringMatching(/\w/) });
}

const isErrorCode = (code: unknown): boolean =>
  typeof code === "string"
    ? /^[a-z_]+$/.test(code) && code !== "internal_error"
    : Number(code) <= -32_000 && code !== -32_603;

/** Runs the inputs, some at once; a failure names the input that caused it. */
async function runAll(inputs: readonly Sent[]): Promise<void> {
  const left = inputs.values();
  const work = async () => {
    for (const input of left) {
      const answer = await exchange(input);
      try {
        expectAnswer(answer);
      } catch (error) {
        throw new Error(
          `${JSON.stringify(input).slice(0, 2_000)}\n→ ${answer.status} ${answer.text.slice(0, 500)}`,
          {
            cause: error,
          },
        );
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

/** The gateway lives, reports no failure, and nothing was decided. */
async function expectUnharmed(): Promise<void> {
  expect((await fetch(`${g.url}/readyz`)).status).toBe(200);
  expect(errors).toEqual([]);
  const decided = [];
  for await (const page of g.bus.log.replay(filters.decided)) decided.push(...page.entries);
  expect(decided).toEqual([]);
  expect(await view(g.url, "check_request_status", { request_id: asked })).toMatchObject({
    status: "pending",
    approved: null,
  });
}

it("800 mutated calls over HTTP get an answer each and decide nothing", async () => {
  const hostile = new HostileInputs(SEED);
  const inputs = Array.from({ length: 800 }, () => {
    const { body, headers } = hostileCall(hostile);
    const odd = hostile.below(6) > 0 ? {} : { [hostile.pick(NAMES)]: hostile.pick(HEADERS) };
    return {
      method: "POST",
      path: hostile.pick(["/mcp", "/mcp", "/mcp/", "/mcp?x=%00"]),
      body: hostile.textOf(body),
      headers: { ...headers, ...odd },
    };
  });
  await runAll(inputs);
  await expectUnharmed();
});

const NAMES = [
  "accept",
  "content-type",
  "mcp-protocol-version",
  "mcp-method",
  "mcp-name",
  "mcp-session-id",
  "origin",
  "traceparent",
  "x-api-key",
  "authorization",
  "access-control-request-method",
] as const;
const HEADERS = [
  "",
  "x",
  "*/*",
  "text/event-stream",
  "application/json",
  "null",
  "http://localhost",
  "2026-07-28",
  "2024-11-05",
  "\u00FF",
  "a".repeat(4_000),
  "Bearer",
  "tools/call",
] as const;

it("900 mutated requests to /hitl, /v1 and other paths get an answer each and decide nothing", async () => {
  const hostile = new HostileInputs(SEED + 1);
  const inputs = Array.from({ length: 900 }, () => {
    const [method, path, body] = hostile.pick(paths());
    const broken =
      hostile.below(4) > 0 ? path : encodeURI(hostile.broken(path).toWellFormed()).replace(/^\/?/, "/");
    const other = hostile.pick([method, method, method, "PUT", "OPTIONS", "DELETE", "HEAD"]);
    return {
      method: other === "HEAD" ? "GET" : other,
      path: broken,
      body: hostile.textOf(body),
      headers: {},
    };
  });
  await runAll(inputs);
  await expectUnharmed();
});

it("200 mutated HTTP requests as bytes get an HTTP answer or the end of the connection", async () => {
  const hostile = new HostileInputs(SEED + 2);
  for (let count = 0; count < 200; count++) {
    const body = hostile.textOf({ method: "ping", id: 1 });
    const head = `POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}`;
    const socket = connect(Number(new URL(g.url).port), "127.0.0.1");
    await once(socket, "connect");
    socket.on("error", () => undefined).end(`${hostile.broken(head)}\r\n\r\n${body}`);
    const answer = await text(socket).catch(() => "");
    expect(answer).toMatch(/^(?:HTTP\/1\.1 [1234]\d\d |$)/);
  }
  await expectUnharmed();
});

it("1,600 mutated lines get an answer each that is well-formed and decide nothing", async () => {
  const hostile = new HostileInputs(SEED + 3);
  for (let clients = 0; clients < 4; clients++) {
    const client = await connectLines(g);
    for (let count = 0; count < 400; count++) {
      const { body } = hostileCall(hostile);
      client.say(hostile.textOf(body));
    }
    client.say({ method: "ping", id: "last" });
    for (let answer = await client.hear(); answer.id !== "last"; answer = await client.hear())
      expectMessage(answer);
    client.hangUp();
    await client.served;
  }
  await expectUnharmed();
});
