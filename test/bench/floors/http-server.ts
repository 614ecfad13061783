// Floors of the gateway: on one server a raw echo and a no-op tool of the protocol's library, each with one publish to
// JetStream, and a tool that waits until it is woken.
import { randomUUID } from "node:crypto";
import { createMcpHandler, Server } from "@modelcontextprotocol/server";
import { jetstream } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import Fastify, { type FastifyReply, type FastifyRequest } from "fastify";

const connection = await connect({ servers: process.env["NATS_URL"] ?? "", noAsyncTraces: true });
const js = jetstream(connection);
const store = (body: unknown) =>
  js.publish(`loopgate.req.v1.floor.${randomUUID()}.created`, JSON.stringify(body));

let waiting = 0;
const woken = Promise.withResolvers<void>();
const done = { content: [{ type: "text" as const, text: "done" }] };
const factory = () => {
  const server = new Server({ name: "floor", version: "1" }, { capabilities: { tools: {} } });
  server.setRequestHandler("tools/call", async ({ params }) => {
    if (params.name !== "wait") return store(params.arguments).then(() => done);
    waiting += 1;
    await woken.promise;
    return done;
  });
  return server;
};
const direct = createMcpHandler(factory, { responseMode: "auto" });
const streaming = createMcpHandler(factory, { responseMode: "sse" });

const app = Fastify();
app.post("/echo", async ({ body }) => {
  await store(body);
  return body;
});
app.post("/mcp", async (request, reply) => {
  const response = await direct.fetch(webRequestOf(request), { parsedBody: request.body });
  return reply
    .code(response.status)
    .headers(Object.fromEntries(response.headers))
    .send(await response.text());
});
app.post("/mcp/stream", (request, reply) => stream(request, reply));
app.get("/waiting", async () => String(waiting));
app.post("/wake", async () => woken.resolve());

async function stream(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  return reply.send(await streaming.fetch(webRequestOf(request), { parsedBody: request.body }));
}

function webRequestOf({ headers }: FastifyRequest): Request {
  return new Request("http://floor/mcp", { method: "POST", headers: headers as Record<string, string> });
}

process.stdout.write(`ready ${await app.listen({ host: "127.0.0.1", port: 0 })}\n`);
