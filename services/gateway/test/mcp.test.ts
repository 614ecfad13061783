import { AjvJsonSchemaValidator } from "@modelcontextprotocol/server/validators/ajv";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "./support/gateway.ts";
import { call, get, legacy, modern, post, refusal, REVISIONS, send, view } from "./support/wire.ts";

let g: TestGateway;
beforeAll(async () => {
  g = await startGateway();
});
afterAll(() => g[Symbol.asyncDispose]());

const ask = { name: "request_human_input", arguments: { message: "Deploy?", request_type: "confirmation" } };
const NAMES = ["request_human_input", "check_request_status", "list_pending_requests", "cancel_request"];

describe.each(REVISIONS)("revision %s", (revision) => {
  it("completes the handshake, lists the tools and calls them", async () => {
    const clientInfo = { name: "test-client", version: "1" };
    const opening = { protocolVersion: revision, capabilities: {}, clientInfo };
    const hello = await send(g.url, legacy(revision, "initialize", opening));
    expect(hello.body.result).toMatchObject({
      protocolVersion: revision,
      capabilities: { tools: { listChanged: false } },
      serverInfo: { name: "loopgate", version: "1.2.3" },
      instructions: expect.stringContaining("check_request_status"),
    });
    const list = await send(g.url, legacy(revision, "tools/list"));
    expect(list.body.result.tools.map(({ name }: { name: string }) => name)).toEqual(NAMES);
    const called = await send(g.url, legacy(revision, "tools/call", ask));
    expect(called.body.result.structuredContent).toMatchObject({ status: "pending", client_id: "agent" });
    expect(called.body.result).not.toHaveProperty("resultType");
  });

  it("answers with one JSON object if the client asks for no event stream", async () => {
    for (const accept of ["*/*", "application/json"]) {
      const message = legacy(revision, "tools/call", ask);
      const answer = await send(g.url, { ...message, headers: { ...message.headers, accept } });
      expect(answer.type).toContain("application/json");
      expect(answer.body).toMatchObject({ jsonrpc: "2.0", id: 1, result: { structuredContent: {} } });
    }
  });
});

describe("revision 2026-07-28", () => {
  it("discovers, lists and calls without a handshake", async () => {
    const discovered = await send(g.url, modern("server/discover"));
    expect(discovered.body.result).toMatchObject({
      supportedVersions: ["2026-07-28"],
      capabilities: { tools: { listChanged: false } },
    });
    const list = await send(g.url, modern("tools/list"));
    expect(list.body.result).toMatchObject({ ttlMs: 3_600_000, cacheScope: "public" });
    expect(list.body.result.tools.map(({ name }: { name: string }) => name)).toEqual(NAMES);
    const clientInfo = { name: "test-client", version: "1" };
    const called = await send(
      g.url,
      modern("tools/call", ask, { "io.modelcontextprotocol/clientInfo": clientInfo }),
    );
    expect(called.body.result).toMatchObject({
      resultType: "complete",
      structuredContent: { status: "pending", client_id: "test-client", approved: null },
    });
  });

  it("answers a call that does not wait with one JSON object, whatever the client accepts", async () => {
    const message = modern("tools/call", ask);
    for (const accept of ["application/json, text/event-stream", "*/*", "application/json"]) {
      const answer = await send(g.url, { ...message, headers: { ...message.headers, accept } });
      expect([answer.status, answer.type]).toEqual([200, expect.stringContaining("application/json")]);
    }
  });

  it("rejects headers that contradict the body", async () => {
    const message = modern("tools/list");
    const answer = await send(g.url, { ...message, headers: { ...message.headers, "mcp-method": "ping" } });
    expect([answer.status, answer.body.error.code]).toEqual([400, -32_020]);
  });

  it("answers an unknown method with 404", async () => {
    const answer = await send(g.url, modern("no/such"));
    expect([answer.status, answer.body.error.code]).toEqual([404, -32_601]);
  });

  it("keeps a well-formed trace context with the question", async () => {
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const called = await send(g.url, modern("tools/call", ask, { traceparent }));
    const id = called.body.result.structuredContent.request_id;
    const created = await g.requests.created({ tenant: "default", id });
    expect(created?.event.traceparent).toBe(traceparent);
  });
});

describe("protocol failures", () => {
  const accepts = [{}, { accept: "application/json, text/event-stream" }];

  it.each(accepts)("are the JSON-RPC errors of the specification (%j)", async (headers) => {
    const message = (method: string, params: unknown) => ({ jsonrpc: "2.0", id: 5, method, params });
    const codeOf = async (body: unknown) => (await post(`${g.url}/mcp`, body, headers)).body.error.code;
    expect(await codeOf(message("no/such", {}))).toBe(-32_601);
    expect(await codeOf(message("tools/call", { name: "no_such_tool" }))).toBe(-32_602);
    expect(await codeOf({ jsonrpc: "2.0", id: 5 })).toBe(-32_600);
    expect(await codeOf({ jsonrpc: "1.0", id: 5, method: "ping" })).toBe(-32_600);
  });

  it("answers invalid JSON that contains jsonrpc with a parse error", async () => {
    const answer = await post(`${g.url}/mcp`, '{"jsonrpc":"2.0",');
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ jsonrpc: "2.0", id: null, error: { code: -32_700 } });
  });

  it("has no MCP sessions and no stream for GET", async () => {
    for (const method of ["GET", "DELETE", "PUT", "OPTIONS"]) {
      const response = await fetch(`${g.url}/mcp`, { method, headers: { accept: "text/event-stream" } });
      expect([response.status, response.headers.get("allow")]).toEqual([405, "POST"]);
    }
    expect((await get(`${g.url}/mcp`)).body.error.code).toBe(-32_000);
  });

  it("accepts notifications without an answer", async () => {
    const message = { jsonrpc: "2.0", method: "notifications/initialized" };
    for (const headers of accepts) {
      const answer = await post(`${g.url}/mcp`, message, headers);
      expect([answer.status, answer.text]).toEqual([202, ""]);
    }
  });

  it("accepts a batch of the older revisions", async () => {
    const ping = (id: number) => ({ jsonrpc: "2.0", id, method: "ping" });
    const answer = await post(`${g.url}/mcp`, [ping(1), ping(2)]);
    expect(answer.body.map(({ id }: { id: number }) => id)).toEqual([1, 2]);
  });
});

describe("tool results", () => {
  it("report invalid arguments as error results", async () => {
    const bad = { name: "request_human_input", arguments: { options: "Yes" } };
    for (const message of [modern("tools/call", bad), legacy("2025-06-18", "tools/call", bad)]) {
      const { result } = (await send(g.url, message)).body;
      expect(result.isError).toBe(true);
      expect(result.structuredContent.error).toEqual({
        code: "invalid_arguments",
        message:
          "The arguments were not accepted: message: is required; options: must be a list. Correct them and call again.",
      });
    }
  });

  it("match the announced schemas, also when they are errors", async () => {
    const { tools } = (await send(g.url, modern("tools/list"))).body.result;
    const { request_id } = await view(g.url, "request_human_input", { message: "m" });
    const calls = [
      ["request_human_input", { message: "m", options: ["Yes", { label: "No", effect: "deny" }] }],
      ["request_human_input", {}],
      ["check_request_status", { request_id }],
      ["check_request_status", { request_id: "rubbish" }],
      ["list_pending_requests", {}],
      ["list_pending_requests", { cursor: "rubbish" }],
      ["cancel_request", { request_id, reason: "enough" }],
      ["cancel_request", { request_id: "rubbish" }],
    ] as const;
    for (const [name, args] of calls) {
      const { outputSchema } = tools.find((tool: { name: string }) => tool.name === name);
      const answer = await send(g.url, modern("tools/call", { name, arguments: args }));
      const check = new AjvJsonSchemaValidator().getValidator(outputSchema);
      expect(check(answer.body.result.structuredContent)).toMatchObject({ valid: true });
    }
  });

  it("come from tools with a title, correct annotations, and schemas valid in draft-07 and 2020-12", async () => {
    const { tools } = (await get(`${g.url}/mcp/tools`)).body.result;
    const hints = tools.map((tool: { name: string; annotations: Record<string, unknown> }) => [
      tool.name,
      tool.annotations["readOnlyHint"],
      tool.annotations["destructiveHint"],
      tool.annotations["idempotentHint"],
      tool.annotations["openWorldHint"],
    ]);
    expect(hints).toEqual([
      ["request_human_input", false, false, false, true],
      ["check_request_status", true, false, true, false],
      ["list_pending_requests", true, false, true, false],
      ["cancel_request", false, true, true, true],
    ]);
    for (const tool of tools) {
      expect(tool.title).toBe(tool.annotations.title);
      const schemas = JSON.stringify([tool.inputSchema, tool.outputSchema]);
      expect(schemas).not.toMatch(/"(\$\w+|prefixItems|unevaluated\w+|dependent\w+|definitions)":/);
      expect(schemas).not.toContain('"additionalProperties":false');
    }
  });

  it("contain exactly the documented view", async () => {
    const { result } = await call(g.url, "request_human_input", { message: "m", timeout_seconds: 60 });
    const shown = result.structuredContent;
    expect(Object.keys(shown)).toEqual([
      "request_id",
      "status",
      "request_type",
      "session_id",
      "client_id",
      "message",
      "created_at",
      "expires_at",
      "delivery",
      "approved",
      "poll_after_seconds",
    ]);
    expect(shown).toMatchObject({
      session_id: "default",
      client_id: "agent",
      delivery: "queued",
      approved: null,
      poll_after_seconds: 5,
    });
    expect(Date.parse(shown.expires_at) - Date.parse(shown.created_at)).toBe(60_000);
    expect(shown.created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  it("contain the decision if a cancel comes too late", async () => {
    const { request_id } = await view(g.url, "request_human_input", { message: "m" });
    const cancelled = await view(g.url, "cancel_request", { request_id, reason: "enough" });
    expect(cancelled).toMatchObject({ status: "cancelled", reason: "enough", approved: null });
    expect(await view(g.url, "cancel_request", { request_id })).toEqual(cancelled);
    expect(await refusal(g.url, "cancel_request", { request_id: "rubbish" })).toMatchObject({
      code: "not_found",
    });
  });
});
