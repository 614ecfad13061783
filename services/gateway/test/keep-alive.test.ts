import { describe, expect, it } from "vitest";
import { ask, decide } from "./support/requests.ts";
import { startGateway } from "./support/gateway.ts";
import { legacy, modern, post, send } from "./support/wire.ts";

describe("keeping a waiting connection alive", () => {
  const waiting = (request_id: string) => ({
    name: "check_request_status",
    arguments: { request_id, wait_seconds: 1 },
  });

  it("sends progress at once to a client that asked for it", async () => {
    await using g = await startGateway();
    const { request_id } = await ask(g);
    const answers = [
      await send(g.url, modern("tools/call", waiting(request_id), { progressToken: "p" })),
      await send(
        g.url,
        legacy("2025-06-18", "tools/call", { ...waiting(request_id), _meta: { progressToken: "p" } }),
      ),
    ];
    for (const { messages } of answers) {
      expect(messages).toHaveLength(2);
      expect(messages[0]).toEqual({
        jsonrpc: "2.0",
        method: "notifications/progress",
        params: { progressToken: "p", progress: 0, total: 1, message: "waiting for a person's answer" },
      });
      expect(messages[1].result.structuredContent).toMatchObject({ status: "pending" });
    }
  });

  it("sends comments to all other clients", async () => {
    await using g = await startGateway({ settings: { keepAliveMs: 10 } });
    const { request_id } = await ask(g);
    for (const message of [
      modern("tools/call", waiting(request_id)),
      legacy("2025-06-18", "tools/call", waiting(request_id)),
    ]) {
      const { text, messages } = await send(g.url, message);
      expect(text.split("\n").filter((line) => line.startsWith(": ")).length).toBeGreaterThan(2);
      expect(messages).toHaveLength(1);
    }
  });

  it("sends the response headers at once", async () => {
    await using g = await startGateway({ settings: { keepAliveMs: 600_000 } });
    for (const message of [modern, legacy.bind(undefined, "2025-06-18")]) {
      const { request_id } = await ask(g);
      const params = { name: "check_request_status", arguments: { request_id, wait_seconds: 50 } };
      const { body, headers } = message("tools/call", params);
      const init = { method: "POST", headers: { "content-type": "application/json", ...headers } };
      const begun = await fetch(`${g.url}/mcp`, { ...init, body: JSON.stringify(body) });
      await decide(g, request_id);
      expect(await begun.text()).toContain("cancelled");
    }
  });

  it("sends one JSON object to a client that asks for no stream", async () => {
    await using g = await startGateway();
    const { request_id } = await ask(g);
    const body = { jsonrpc: "2.0", id: 1, method: "tools/call", params: waiting(request_id) };
    const answer = await post(`${g.url}/mcp`, body);
    expect(answer.body.result.structuredContent).toMatchObject({ status: "pending" });
  });
});
