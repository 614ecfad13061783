import type { ListQuery } from "@loopgate/contracts";
import { startNatsServer } from "@loopgate/testing";
import { connect } from "@nats-io/transport-node";
import { afterAll, describe, expect, it } from "vitest";
import { Unavailable } from "../src/index.ts";
import { connectNatsBus } from "../src/nats/index.ts";

const server = await startNatsServer();
const options = { servers: server?.url ?? "", name: "queries", retentionMs: 86_400_000 };
afterAll(() => server?.[Symbol.asyncDispose]());

describe.skipIf(server === undefined)("queries over NATS", () => {
  it("with a filter that a service of 0.1.0 would ignore are not asked of one", async () => {
    await using old = await connect({ servers: options.servers });
    const asked: unknown[] = [];
    // It answers what it knows, and takes what it does not know for absent.
    old.subscribe("loopgate.rpc.v1.list", {
      queue: "state",
      callback: (_, message) => {
        asked.push(message.json());
        message.respond(JSON.stringify({ ok: true, reply: { kind: "page", requests: [] } }));
      },
    });
    await old.flush();
    await using bus = await connectNatsBus(options);
    const { queries } = bus;
    const plain = { tenant: "default", session_id: "s", client_id: "c", limit: 9, cursor: "c" };
    expect(await queries.list(plain)).toEqual({ kind: "page", requests: [] });
    expect(asked).toEqual([plain]);
    const filters: readonly Partial<ListQuery>[] = [
      { principals: ["web:alice"] },
      { principals: [] },
      { status: ["decided"] },
      { outcome: "denied" },
      { channel: "web" },
      { decided_by: "web:alice" },
      { created_after: "2026-11-30T10:00:00Z" },
      { created_before: "2026-11-30T10:00:00Z" },
      { q: "deploy" },
      { order: "desc" },
    ];
    for (const filter of filters) {
      await expect(queries.list({ ...plain, ...filter }), JSON.stringify(filter)).rejects.toThrow(
        Unavailable,
      );
    }
    expect(asked).toHaveLength(1);
  });
});
