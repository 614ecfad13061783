import { createLogger } from "@loopgate/runtime";
import { describe, expect, it } from "vitest";
import { onePerson, startGateway } from "./support/gateway.ts";
import { connectLines as connect } from "./support/line-client.ts";
import { modern, view } from "./support/wire.ts";

const calling = (name: string, args: object, id: string | number = 1) => ({
  method: "tools/call",
  params: { name, arguments: args },
  id,
});
const initialize = {
  jsonrpc: "2.0",
  id: 0,
  method: "initialize",
  params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "c", version: "1" } },
};
const modernList = { ...modern("tools/list").body, id: 5 };

describe("a client over lines", () => {
  it("gets an answer to every line except notifications", async () => {
    await using g = await startGateway();
    const client = await connect(g);
    const says: readonly (readonly [unknown, object])[] = [
      ["rubbish", { error: { code: -32_700, message: "Parse error", data: null }, id: null }],
      ['{"half":', { error: { code: -32_700 }, id: null }],
      ["[]", { error: { code: -32_600 }, id: null }],
      [
        { jsonrpc: "1.0", id: 3, method: "ping" },
        { jsonrpc: "2.0", error: { code: -32_600 }, id: 3 },
      ],
      [{ jsonrpc: "2.0" }, { jsonrpc: "2.0", error: { code: -32_600 }, id: null }],
      [
        { method: "ping", id: "p" },
        { result: {}, id: "p" },
      ],
    ];
    for (const [line, answer] of says) {
      client.say("");
      client.say(line);
      expect(await client.hear(), String(line)).toMatchObject(answer);
    }
    client.say({ method: "notifications/initialized" });
    client.say({ jsonrpc: "2.0", method: "notifications/initialized" });
    client.say({ method: "ping", id: "last" });
    expect(await client.hear()).toMatchObject({ id: "last" });
  });

  it("may use the older protocol", async () => {
    await using g = await startGateway();
    const client = await connect(g);
    client.say(initialize);
    expect(await client.hear()).toMatchObject({ id: 0, result: { protocolVersion: "2025-06-18" } });
    client.say({ jsonrpc: "2.0", ...calling("check_request_status", { request_id: "x" }, 2) });
    expect(await client.hear()).toMatchObject({ jsonrpc: "2.0", id: 2, result: { isError: true } });
  });

  it("may use the current protocol", async () => {
    await using g = await startGateway();
    const client = await connect(g);
    client.say(modernList);
    expect(await client.hear()).toMatchObject({ id: 5, result: { resultType: "complete" } });
  });

  it("is identified by its name from the older protocol's handshake, or from each request", async () => {
    await using g = await startGateway();
    const asking = calling("request_human_input", { message: "m" }).params;
    const named = { "io.modelcontextprotocol/clientInfo": { name: "c", version: "1" } };
    const dialogues = [
      [initialize, { jsonrpc: "2.0", id: 1, method: "tools/call", params: asking }],
      [modernList, modern("tools/call", asking, named).body],
    ];
    for (const lines of dialogues) {
      const client = await connect(g);
      for (const line of lines) client.say(line);
      await client.hear();
      expect((await client.hear()).result.structuredContent).toMatchObject({ client_id: "c" });
    }
  });

  it("asks its own recipients while other clients ask theirs", async () => {
    await using g = await startGateway();
    const clients = await Promise.all(
      ["7", "8", undefined].map((chat) => connect(g, { ...onePerson, defaultChat: chat })),
    );
    for (const client of clients) client.say(calling("request_human_input", { message: "m" }));
    const results = await Promise.all(clients.map(async (client) => (await client.hear()).result));
    const chats = results.map(async ({ structuredContent: { request_id: id } }) => {
      if (id === undefined) return "nobody";
      const created = await g.requests.created({ tenant: "default", id });
      return created?.event.data.recipients.map(({ endpoint, responders }) => [endpoint, ...responders]);
    });
    expect(await Promise.all(chats)).toEqual([
      [["telegram_42_7", "telegram:7"]],
      [["telegram_42_8", "telegram:8"]],
      "nobody",
    ]);
    expect(results[2].structuredContent.error.code).toBe("no_recipient");
  });

  it("that disconnects stops waiting, and its question stays open", async () => {
    const outcomes: unknown[] = [];
    const hear = ({ msg, outcome }: { msg: string; outcome: string }) =>
      msg === "call" && outcomes.push(outcome);
    const logger = createLogger("test", "info", { write: (line) => hear(JSON.parse(line)) });
    await using g = await startGateway({ logger });
    const client = await connect(g);
    const asked = await view(g.url, "request_human_input", { message: "m" });
    client.say(calling("check_request_status", { request_id: asked.request_id, wait_seconds: 50 }));
    client.say({ jsonrpc: "2.0", ...calling("check_request_status", { ...asked, wait_seconds: 50 }, 2) });
    client.say({ method: "ping", id: "p" });
    expect(await client.hear()).toMatchObject({ id: "p" });
    client.hangUp();
    await client.served;
    await expect.poll(() => outcomes).toEqual(["pending", "disconnected", "disconnected"]);
    expect(await view(g.url, "check_request_status", { request_id: asked.request_id })).toMatchObject({
      status: "pending",
    });
  });

  it("gets the answer to a waiting call when the gateway stops, and is then disconnected", async () => {
    const g = await startGateway();
    const client = await connect(g);
    const asked = await view(g.url, "request_human_input", { message: "m" });
    client.say(calling("check_request_status", { request_id: asked.request_id, wait_seconds: 50 }));
    client.say({ jsonrpc: "2.0", ...calling("check_request_status", { ...asked, wait_seconds: 50 }, 2) });
    client.say({ method: "ping", id: "p" });
    expect(await client.hear()).toMatchObject({ id: "p" });
    await g[Symbol.asyncDispose]();
    const answers = [await client.hear(), await client.hear()];
    for (const id of [1, 2]) {
      expect(answers).toContainEqual(
        expect.objectContaining({
          id,
          result: expect.objectContaining({
            structuredContent: expect.objectContaining({ status: "pending" }),
          }),
        }),
      );
    }
    expect(await client.hear()).toBeUndefined();
  });
});
