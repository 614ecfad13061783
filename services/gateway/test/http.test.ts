import { once } from "node:events";
import { request } from "node:http";
import { newRequestId } from "@loopgate/contracts";
import { createLogger } from "@loopgate/runtime";
import { aQuestion, subjectOf } from "@loopgate/testing/builders";
import { describe, expect, it, vi } from "vitest";
import { newKey } from "../src/access/new-key.ts";
import { startGateway, type TestGateway } from "./support/gateway.ts";
import { keyFile } from "./support/key-file.ts";
import { call, get, modern, post, refusal, send, view } from "./support/wire.ts";

/** A request with headers that `fetch` would not let us set. */
async function statusOf(url: string, path: string, headers: Record<string, string>): Promise<number> {
  const sent = request(`${url}${path}`, { headers });
  sent.end();
  const [response] = await once(sent, "response");
  response.resume();
  return response.statusCode;
}

describe("Host and Origin", () => {
  const allowed = { allowedHosts: ["gate.example.com", "Other.Example.com:8080"] };

  it.each([
    [{ host: "localhost:1234" }, 200],
    [{ host: "127.0.0.1" }, 200],
    [{ host: "[::1]:80" }, 200],
    [{ host: "gate.example.com" }, 200],
    [{ host: "GATE.example.com:443" }, 200],
    [{ host: "other.example.com" }, 200],
    [{ host: "evil.example.com" }, 403],
    [{ host: "localhost.evil.example.com" }, 403],
    [{ host: "localhost", origin: "http://localhost:3000" }, 200],
    [{ host: "localhost", origin: "https://gate.example.com" }, 200],
    [{ host: "localhost", origin: "https://evil.example.com" }, 403],
    [{ host: "localhost", origin: "null" }, 403],
  ])("%j is %i", async (headers, status) => {
    await using g = await startGateway({ settings: allowed });
    expect(await statusOf(g.url, "/health", headers)).toBe(status);
    expect(await statusOf(g.url, "/mcp", headers)).toBe(status === 200 ? 405 : 403);
    expect(await statusOf(g.url, "/no/such/path", headers)).toBe(status === 200 ? 404 : 403);
    expect(await statusOf(g.url, "/healthz", headers)).toBe(200);
    expect(await statusOf(g.url, "/readyz", headers)).toBe(200);
    expect(await statusOf(g.url, "/metrics", headers)).toBe(200);
  });

  it("are rejected in the format of the path", async () => {
    await using g = await startGateway();
    const origin = "https://evil.example.com";
    const message = expect.stringContaining("LOOPGATE_ALLOWED_HOSTS");
    const mcp = await post(`${g.url}/mcp`, { method: "ping", id: 1 }, { origin });
    expect(mcp.body).toEqual({ jsonrpc: "2.0", error: { code: -32_000, message }, id: null });
    const http = await get(`${g.url}/hitl/pending`, { origin });
    expect(http.body).toEqual({ error: { code: "forbidden", message } });
  });
});

describe("a body", () => {
  const callOf = (bytes: number) => {
    const empty = JSON.stringify({ method: "ping", id: 1, pad: "" });
    return JSON.stringify({ method: "ping", id: 1, pad: "x".repeat(bytes - empty.length) });
  };

  it("may have up to one MiB", async () => {
    await using g = await startGateway();
    expect((await post(`${g.url}/mcp`, callOf(1_048_576))).body).toEqual({ result: {}, id: 1 });
    const mcp = await post(`${g.url}/mcp`, callOf(1_048_577));
    expect([mcp.status, mcp.body.error.code]).toEqual([413, -32_000]);
    const http = await post(`${g.url}/hitl/request`, callOf(1_048_577));
    expect([http.status, http.body.error.code]).toEqual([413, "payload_too_large"]);
  });

  it("can't change a prototype", async () => {
    await using g = await startGateway();
    const body =
      '{"method":"tools/call","id":1,"params":{"name":"request_human_input","arguments":{"message":"m","__proto__":{"client_id":"evil"},"metadata":{"__proto__":{"a":1}}}}}';
    const { result } = (await post(`${g.url}/mcp`, body)).body;
    expect(result.structuredContent).toMatchObject({ status: "pending", client_id: "agent" });
    expect(Object.hasOwn(Object.prototype, "client_id")).toBe(false);
  });
});

it("/ tells in plain words what this is, also without a key", async () => {
  using keys = keyFile([newKey({ scope: "request" })]);
  await using g = await startGateway({ settings: { apiKeys: await keys.read() } });
  const { status, type, text } = await get(`${g.url}/`);
  expect([status, type]).toEqual([200, "text/plain; charset=utf-8"]);
  expect(text).toMatch(/^This is Loopgate 1\.2\.3\./);
  for (const [, path = ""] of text.matchAll(/^ {2}(?:GET|POST) +(\S+)/gm))
    expect((await get(`${g.url}${path}`)).status).not.toBe(404);
});

describe("the self-description of the gateway", () => {
  it("is the same as the original's", async () => {
    await using g = await startGateway();
    expect((await get(`${g.url}/health`)).body).toEqual({
      status: "healthy",
      service: "loopgate",
      version: "1.2.3",
    });
    const tools = (await get(`${g.url}/mcp/tools`)).body;
    expect(tools).toMatchObject({
      id: "tools-list",
      result: { tools: [{ name: "request_human_input" }, {}, {}, {}] },
    });
    expect((await get(`${g.url}/mcp/capabilities`)).body).toEqual({
      capabilities: { tools: { listChanged: false } },
      serverInfo: { name: "loopgate", version: "1.2.3" },
    });
    const nothing = await get(`${g.url}/no/such/path`);
    expect([nothing.status, nothing.body.error.code]).toEqual([404, "not_found"]);
  });

  it("is ready while its required parts answer, and names the parts that do not", async () => {
    const check = (name: string, required: boolean, fails: boolean) => ({
      name,
      required,
      check: async () => {
        if (fails) throw new Error("no connection");
      },
    });
    await using g = await startGateway({
      checks: [check("store", true, false), check("telegram", false, true)],
    });
    const ready = await get(`${g.url}/readyz`);
    expect([ready.status, ready.body]).toEqual([
      200,
      { ready: true, parts: { store: "ok", telegram: "no connection" } },
    ]);
    await using ill = await startGateway({ checks: [check("store", true, true)] });
    const unready = await get(`${ill.url}/readyz`);
    expect([unready.status, unready.body]).toEqual([
      503,
      { ready: false, parts: { store: "no connection" } },
    ]);
    expect((await get(`${ill.url}/healthz`)).body).toEqual({ status: "ok" });
  });
});

describe("stopping", () => {
  it("fails the readiness probe and continues to answer", async () => {
    await using g = await startGateway();
    g.gateway.drain();
    const answer = await get(`${g.url}/readyz`);
    expect([answer.status, answer.body]).toEqual([503, { ready: false, draining: true, parts: {} }]);
    expect((await get(`${g.url}/healthz`)).status).toBe(200);
    expect(await view(g.url, "request_human_input", { message: "m" })).toMatchObject({ status: "pending" });
  });

  it("answers waiting calls before it closes", async () => {
    const g = await startGateway();
    const params = { name: "request_human_input", arguments: { message: "m", wait_seconds: 50 } };
    const streaming = send(g.url, modern("tools/call", params));
    const plain = call(g.url, params.name, params.arguments);
    const subscription = send(g.url, modern("subscriptions/listen", { notifications: {} }));
    const count = async () => (await call(g.url, "list_pending_requests", {})).result.structuredContent.count;
    await expect.poll(count).toBe(2);
    await g[Symbol.asyncDispose]();
    expect((await streaming).body.result.structuredContent).toMatchObject({ status: "pending" });
    expect((await plain).result.structuredContent).toMatchObject({ status: "pending" });
    expect((await subscription).status).toBe(200);
    await expect(get(`${g.url}/healthz`)).rejects.toThrow("fetch failed");
  });
});

describe("listening", () => {
  const beyond = ["0.0.0.0", "::", "192.0.2.1", "gate.example.com", "127.example.com"];

  it.each(beyond)("is refused on %s", async (host) => {
    await using g = await startGateway();
    await expect(g.gateway.listen({ host, port: 0 })).rejects.toThrow("LOOPGATE_INSECURE=1");
  });

  it("beyond loopback is possible with the setting insecure", async () => {
    await using g: TestGateway = await startGateway({ settings: { insecure: true }, host: "0.0.0.0" });
    expect((await get(`${g.url.replace("0.0.0.0", "127.0.0.1")}/healthz`)).status).toBe(200);
  });
});

describe("the log line of a call", () => {
  it("contains ids, outcome and duration, and no text", async () => {
    const logger = createLogger("test", "info");
    const lines: unknown[] = [];
    const hear = (line: unknown, message: unknown) => void (message === "call" && lines.push(line));
    vi.spyOn(logger, "info").mockImplementation(hear);
    await using g = await startGateway({ logger });
    const secret = { message: "a secret", metadata: { password: "hunter2" }, options: ["secret"] };
    const { request_id } = await view(g.url, "request_human_input", { ...secret, client_id: "c" });
    await refusal(g.url, "check_request_status", { request_id: "secret" });
    const unknown = newRequestId();
    await refusal(g.url, "check_request_status", { request_id: unknown });
    await call(g.url, "list_pending_requests", { client_id: "c" });
    expect(lines).toEqual([
      {
        tool: "request_human_input",
        request: request_id,
        client: "c",
        outcome: "pending",
        ms: expect.any(Number),
      },
      {
        tool: "check_request_status",
        request: undefined,
        client: undefined,
        outcome: "not_found",
        ms: expect.any(Number),
      },
      {
        tool: "check_request_status",
        request: unknown,
        client: undefined,
        outcome: "not_found",
        ms: expect.any(Number),
      },
      {
        tool: "list_pending_requests",
        request: undefined,
        client: "c",
        outcome: "listed",
        ms: expect.any(Number),
      },
    ]);
    expect(JSON.stringify(lines)).not.toMatch(/secret|hunter2/);
  });

  it("names an internal failure that the caller does not see", async () => {
    const logger = createLogger("test", "silent");
    const errors: unknown[] = [];
    vi.spyOn(logger, "error").mockImplementation((line: unknown) => void errors.push(line));
    await using g = await startGateway({ logger });
    const question = aQuestion();
    await g.bus.log.append(subjectOf(question), { ...question, data: {} });
    const broken = { request_id: question.subject };
    const plain = await call(g.url, "check_request_status", broken);
    expect(plain.error).toEqual({ code: -32_603, message: "Internal error", data: null });
    const mcp = await send(g.url, modern("tools/call", { name: "check_request_status", arguments: broken }));
    expect(mcp.body.error).toEqual({ code: -32_603, message: "internal error" });
    const http = await get(`${g.url}/hitl/poll?request_id=${broken.request_id}`);
    expect([http.status, http.body.error.code]).toEqual([500, "internal_error"]);
    expect(errors).toHaveLength(3);
  });
});
