import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { createMcpHandler, Server } from "@modelcontextprotocol/server";
import { expect, it } from "vitest";
import { connect } from "../src/index.ts";
import { decided, pending } from "./support/view.ts";

/** An MCP server over HTTP; as long as `isBroken`, waits never end, and break off after their first keep-alive. */
async function startServer() {
  const state = { isBroken: true, waits: 0 };
  const handler = createMcpHandler(
    () => {
      const server = new Server({ name: "breaking", version: "1.0.0" }, { capabilities: { tools: {} } });
      server.setRequestHandler("tools/call", async ({ params }, { mcpReq: { signal } }) => {
        if (params.name !== "check_request_status") return { content: [], structuredContent: pending };
        state.waits += 1;
        if (state.isBroken) await once(signal, "abort");
        return { content: [], structuredContent: decided };
      });
      return server;
    },
    { responseMode: "sse", keepAliveMs: 20 },
  );
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const parsedBody = await json(request);
    const headers = request.headers as Record<string, string>;
    const url = `http://localhost${request.url}`;
    const answer = await handler.fetch(new Request(url, { method: "POST", headers }), { parsedBody });
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    const breaks = state.isBroken && JSON.stringify(parsedBody).includes("check_request_status");
    for await (const chunk of answer.body ?? []) {
      if (breaks) return void response.write(chunk, () => response.destroy());
      response.write(chunk);
    }
    response.end();
  };
  const server = createServer((request, response) => void serve(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
  return { url, state, [Symbol.dispose]: () => server.close().closeAllConnections() };
}

it("over HTTP, an answer that breaks off is noticed at once, and asked for again", async () => {
  using server = await startServer();
  await using client = connect({ url: server.url });
  await client.initialize("deployer", "1.0.0");
  const asking = client.ask({ message: "Deploy?" });
  await expect.poll(() => server.state.waits).toBeGreaterThan(1);
  server.state.isBroken = false;
  expect(await asking).toEqual(decided);
});
