import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "./support/gateway.ts";
import { call, post } from "./support/wire.ts";

let g: TestGateway;
beforeAll(async () => {
  g = await startGateway();
});
afterAll(() => g[Symbol.asyncDispose]());

const plain = (body: unknown) => post(`${g.url}/mcp`, body);

it("answers the original's example call", async () => {
  const answer = await plain(
    '{"method":"tools/call","params":{"name":"request_human_input","arguments":{"session_id":"test","client_id":"test","message":"Test message","request_type":"confirmation"}},"id":"1"}',
  );
  expect(answer.status).toBe(200);
  expect(Object.keys(answer.body)).toEqual(["result", "id"]);
  expect(answer.body.id).toBe("1");
  expect(answer.body.result.structuredContent).toMatchObject({
    status: "pending",
    request_type: "confirmation",
    session_id: "test",
    client_id: "test",
    message: "Test message",
  });
});

it("ignores the content type", async () => {
  const body = JSON.stringify({ method: "ping", id: 1 });
  for (const type of ["text/plain", "application/x-www-form-urlencoded"]) {
    const answer = await post(`${g.url}/mcp`, body, { "content-type": type });
    expect([answer.status, answer.body]).toEqual([200, { result: {}, id: 1 }]);
  }
});

it("completes the handshake of the original's client with the requested revision, else the newest that has one", async () => {
  const hello = (protocolVersion: unknown) => ({
    method: "initialize",
    params: {
      protocolVersion,
      capabilities: { tools: { listChanged: true } },
      clientInfo: { name: "c", version: "1" },
    },
    id: "init-1",
  });
  const answer = await plain(hello("2024-11-05"));
  expect(answer.body).toEqual({
    result: {
      protocolVersion: "2024-11-05",
      capabilities: { tools: { listChanged: false } },
      serverInfo: { name: "loopgate", title: "Loopgate", version: "1.2.3" },
      instructions: expect.any(String),
    },
    id: "init-1",
  });
  for (const other of ["1.0", "2026-07-28", 7, undefined]) {
    expect((await plain(hello(other))).body.result.protocolVersion).toBe("2025-11-25");
  }
});

it("lists the tools", async () => {
  const { body } = await plain({ method: "tools/list", params: {}, id: "tools-list-1" });
  expect(body.result.tools).toHaveLength(4);
  expect(body.id).toBe("tools-list-1");
});

it("does not answer notifications", async () => {
  for (const body of [
    { method: "notifications/initialized" },
    { method: "notifications/cancelled", params: { requestId: 1 } },
    { method: "notifications/initialized", id: null },
  ]) {
    const answer = await plain(body);
    expect([answer.status, answer.text]).toEqual([202, ""]);
  }
});

describe("failures are one JSON object with HTTP 200", () => {
  it.each([
    ["{not json", -32_700, null],
    ["", -32_700, null],
    ["42", -32_600, null],
    ["null", -32_600, null],
    ["[]", -32_600, null],
    ['"ping"', -32_600, null],
    ['{"id":"1"}', -32_600, "1"],
    ['{"method":7,"id":"1"}', -32_600, "1"],
    ['{"method":"ping"}', -32_600, null],
    ['{"method":"ping","id":{}}', -32_600, null],
    ['{"method":"no/such","id":7}', -32_601, 7],
    ['{"method":"notifications/initialized","id":7}', -32_601, 7],
    ['{"method":"tools/call","params":{"name":"no_such_tool"},"id":"1"}', -32_601, "1"],
  ])("%s", async (body, code, id) => {
    const answer = await plain(body);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ error: { code, message: expect.any(String), data: null }, id });
  });

  it.each([
    [{}, ["params.name: must name a tool"]],
    [undefined, ["params.name: must name a tool"]],
    [{ name: "request_human_input" }, ["message: is required"]],
    [{ name: "request_human_input", arguments: "m" }, ["arguments: must be an object"]],
    [
      { name: "request_human_input", arguments: { message: "m", request_type: "choice" } },
      ["options: a choice needs at least one option"],
    ],
    [
      { name: "list_pending_requests", arguments: { cursor: "rubbish" } },
      ["cursor: is not the next_cursor of an earlier page"],
    ],
    [{ name: "check_request_status", arguments: {} }, ["request_id: is required"]],
  ])("bad arguments: %j", async (params, data) => {
    const { body } = await plain({ method: "tools/call", params, id: "1" });
    expect(body).toEqual({ error: { code: -32_602, message: "Invalid params", data }, id: "1" });
  });
});

it("reports a tool error as a result", async () => {
  const { result } = await call(g.url, "check_request_status", { request_id: "rubbish" });
  expect(result).toMatchObject({
    isError: true,
    structuredContent: {
      error: {
        code: "not_found",
        message: "No request has this id: compare it with the list of pending requests.",
      },
    },
  });
});
