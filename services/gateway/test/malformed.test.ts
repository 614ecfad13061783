import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "./support/gateway.ts";
import { connectLines } from "./support/line-client.ts";
import { modern, post, send } from "./support/wire.ts";

let g: TestGateway;
beforeAll(async () => {
  g = await startGateway();
});
afterAll(() => g[Symbol.asyncDispose]());

const nested = (levels: number) => "[".repeat(levels) + "]".repeat(levels);

/** A call as text, because a recursive `JSON.stringify` could not write it. */
const deep = (levels: number, more = "") =>
  `{"id":7,"method":"tools/call","params":{"name":"request_human_input","arguments":{"message":"m","metadata":{"a":${nested(levels)}}}}${more}}`;
const deepMessage = (levels: number) => deep(levels, ',"jsonrpc":"2.0"');

/** What the gateway says to these lines. */
async function heard(...lines: readonly (string | object)[]) {
  const client = await connectLines(g);
  for (const line of lines) client.say(line);
  const answers: unknown[] = [];
  while (answers.length < lines.length) answers.push(await client.hear());
  client.hangUp();
  return answers;
}

describe.each([300, 5_000, 200_000])("JSON of %i levels is an invalid request", (levels) => {
  const sentence = expect.stringMatching(/^Invalid Request: .* fewer levels$/);

  it("as a JSON call", async () => {
    const answer = await post(`${g.url}/mcp`, deep(levels));
    expect([answer.status, answer.body]).toEqual([
      200,
      { error: { code: -32_600, message: sentence, data: null }, id: 7 },
    ]);
  });

  it("as an MCP message, and in a batch", async () => {
    const accept = "application/json, text/event-stream";
    for (const headers of [{}, { accept }, modern("tools/call").headers]) {
      const answer = await post(`${g.url}/mcp`, deepMessage(levels), headers);
      expect([answer.status, answer.body]).toEqual([
        400,
        { jsonrpc: "2.0", error: { code: -32_600, message: sentence }, id: 7 },
      ]);
      const batch = await post(`${g.url}/mcp`, `[${deepMessage(levels)}]`, headers);
      expect([batch.status, batch.body.error.code, batch.body.id]).toEqual([400, -32_600, null]);
    }
  });

  it("as nothing but brackets", async () => {
    expect((await post(`${g.url}/mcp`, nested(levels))).body).toMatchObject({
      error: { code: -32_600 },
      id: null,
    });
  });

  it("at every path of /hitl", async () => {
    const body = `{"session_id":"s","client_id":"c","request_id":"r","message":"m","metadata":{"a":${nested(levels)}}}`;
    for (const path of ["request", "cancel", "register", "deactivate"]) {
      const answer = await post(`${g.url}/hitl/${path}`, body);
      expect([answer.status, answer.body.error.code]).toEqual([400, "invalid_arguments"]);
      expect(answer.body.error.message).toContain("nests too deep");
    }
  });

  it("as a line", async () => {
    expect(await heard(deep(levels), deepMessage(levels), { method: "ping", id: 1 })).toEqual([
      { error: { code: -32_600, message: sentence, data: null }, id: 7 },
      { jsonrpc: "2.0", error: { code: -32_600, message: sentence }, id: 7 },
      { result: {}, id: 1 },
    ]);
  });

  it("and JSON in an argument's text stays text", async () => {
    const args = JSON.stringify({ message: "m", metadata: `{"a":${nested(levels)}}` });
    const body = `{"id":7,"method":"tools/call","params":{"name":"request_human_input","arguments":${args}}}`;
    expect((await post(`${g.url}/mcp`, body)).body.error).toMatchObject({
      code: -32_602,
      data: ["metadata: must be an object"],
    });
  });
});

it("JSON of 200 levels is read", async () => {
  expect((await post(`${g.url}/mcp`, deep(200))).body.error).toMatchObject({
    code: -32_602,
    data: ["metadata: must have at most 8 KiB as JSON and 100 levels"],
  });
});

describe("params that the specification does not allow are -32602 and one sentence", () => {
  const hello = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "c", version: "1" } };
  const without = (name: string) => Object.fromEntries(Object.entries(hello).filter(([key]) => key !== name));
  const cases: readonly (readonly [string, unknown, string])[] = [
    ["initialize", without("capabilities"), "params.capabilities"],
    ["initialize", { ...hello, capabilities: 5 }, "params.capabilities"],
    ["initialize", { ...hello, capabilities: null }, "params.capabilities"],
    ["initialize", { ...hello, capabilities: { roots: 5 } }, "params.capabilities"],
    ["initialize", { ...hello, protocolVersion: 7 }, "params.protocolVersion"],
    ["initialize", without("clientInfo"), "params.clientInfo"],
    ["initialize", { ...hello, clientInfo: { secret: 5 } }, "params.clientInfo"],
    ["initialize", undefined, "params.protocolVersion"],
    ["tools/call", { name: 5 }, "params.name"],
    ["tools/call", {}, "params.name"],
    ["tools/call", undefined, "params.name"],
    ["tools/call", { name: "request_human_input", arguments: 5 }, "params.arguments"],
    ["tools/call", { name: "request_human_input", arguments: "secret" }, "params.arguments"],
    ["tools/call", { name: "request_human_input", arguments: ["secret"] }, "params.arguments"],
    ["tools/list", { cursor: 5 }, "params.cursor"],
  ];
  const expected = (place: string) => ({
    code: -32_602,
    message: `Invalid params: ${place} is missing or not as the specification says, correct it and call again`,
  });

  it.each(cases)("%s %j", async (method, params, place) => {
    const message = { jsonrpc: "2.0", id: 1, method, params };
    for (const headers of [{}, { accept: "application/json, text/event-stream" }]) {
      expect((await post(`${g.url}/mcp`, message, headers)).body).toEqual({
        jsonrpc: "2.0",
        id: 1,
        error: expected(place),
      });
      const batch = await post(`${g.url}/mcp`, [message], headers);
      expect([batch.body].flat()).toMatchObject([{ id: 1, error: expected(place) }]);
    }
    expect(await heard(message)).toMatchObject([{ id: 1, error: expected(place) }]);
  });

  it("in the current revision, too", async () => {
    for (const [method, params, place] of cases) {
      if (method !== "tools/call" || params === undefined) continue;
      const answer = await send(g.url, modern(method, params as Record<string, unknown>));
      expect(answer.body.error).toEqual(expected(place));
    }
  });

  it("and the connection goes on", async () => {
    const initialize = (params: object) => ({ jsonrpc: "2.0", id: 1, method: "initialize", params });
    expect(await heard(initialize(without("capabilities")), initialize(hello))).toMatchObject([
      { error: { code: -32_602 } },
      { result: { protocolVersion: "2025-06-18" } },
    ]);
  });
});
