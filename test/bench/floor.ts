// The floors that the gateway is measured beside: a raw Fastify echo, and the same with one durable append.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newRequestId, timestamp } from "@loopgate/contracts";
import { openSqliteBus } from "@loopgate/bus/sqlite";
import Fastify from "fastify";

const directory = mkdtempSync(join(tmpdir(), "loopgate-bench-"));
const lifetimes = { sessions: undefined, copies: undefined, leases: undefined };
const bus = await openSqliteBus({ path: join(directory, "floor.db"), lifetimes, retentionMs: 7_776_000_000 });
const app = Fastify();

app.post("/echo", (request) => request.body);

app.post("/append", async (request) => {
  const id = newRequestId();
  await bus.log.append(
    `loopgate.req.v1.default.${id}.created`,
    {
      specversion: "1.0",
      id,
      source: "floor",
      type: "floor",
      subject: id,
      time: timestamp(),
      tenant: "default",
      data: { body: request.body },
    },
    { first: true },
  );
  return request.body;
});

process.stdout.write(`ready ${await app.listen({ host: "127.0.0.1", port: 0 })}\n`);
