import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Unavailable } from "@loopgate/bus";
import { RequestLog } from "@loopgate/requests";
import { bootstrapNats, connectNatsBus, type NatsBus } from "@loopgate/bus/nats";
import { SqliteDatabase } from "@loopgate/bus/sqlite";
import { createLogger, createMetrics } from "@loopgate/runtime";
import { startNatsServer } from "@loopgate/testing";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { startState } from "../src/index.ts";
import { SqliteRequestStore } from "../src/store/sqlite.ts";
import { newRequestId, refOf } from "@loopgate/contracts";
import { aQuestion } from "@loopgate/testing/builders";

const retentionMs = 90 * 86_400_000;
const server = await startNatsServer();
const options = {
  servers: server?.url ?? "",
  name: "queries",
  retentionMs,
};
if (server !== undefined) await bootstrapNats(options);
afterAll(() => server?.[Symbol.asyncDispose]());

let parts: AsyncDisposableStack;
let caller: NatsBus;
beforeEach(async () => {
  parts = new AsyncDisposableStack();
  caller = parts.use(await connectNatsBus(options));
});
afterEach(() => parts.disposeAsync());

/** A state service on the broker, over a store of its own. */
async function serve() {
  const directory = await mkdtemp(join(tmpdir(), "loopgate-queries-"));
  parts.defer(() => rm(directory, { recursive: true }));
  const database = SqliteDatabase.open(join(directory, "store.db"));
  const store = await SqliteRequestStore.open(database);
  const bus = parts.use(await connectNatsBus(options));
  const { log, timers } = bus;
  const requests = new RequestLog({ log, retentionMs });
  const logger = createLogger("state-test", "silent");
  const state = parts.use(
    await startState({ log, timers, requests, store, logger, metrics: createMetrics() }),
  );
  const failures: unknown[] = [];
  const serving = parts.use(await bus.serve(state.queries, (error) => failures.push(error)));
  return { requests, database, serving, failures };
}

describe.skipIf(server === undefined)("queries over NATS", () => {
  it("are unavailable at once when no state serves", async () => {
    const { queries } = caller;
    await expect(queries.status(refOf(aQuestion()))).rejects.toThrow(Unavailable);
    await expect(queries.list({ tenant: "default", limit: 1 })).rejects.toThrow(Unavailable);
    await expect(queries.count({ tenant: "default" })).rejects.toThrow(Unavailable);
    await expect(queries.cancel(refOf(aQuestion()))).rejects.toThrow(Unavailable);
  });

  it("reach a state service, whatever they ask", async () => {
    const { requests } = await serve();
    const created = aQuestion({ session: newRequestId() });
    const { data } = created;
    await requests.submit(created);
    expect(await caller.queries.status(refOf(created))).toMatchObject({
      kind: "found",
      request: { view: { request_id: created.subject, status: "pending" } },
    });
    expect(await caller.queries.status(refOf(aQuestion()))).toEqual({ kind: "not_found" });
    expect(await caller.queries.timeline(refOf(created))).toMatchObject({
      kind: "found",
      request: { view: { request_id: created.subject } },
      timeline: [{ type: "created", at: created.time }],
    });
    expect(await caller.queries.timeline(refOf(aQuestion()))).toEqual({ kind: "not_found" });
    const page = { tenant: "default", session_id: data.session_id, limit: 1 };
    await expect
      .poll(() => caller.queries.list(page))
      .toMatchObject({ kind: "page", requests: [{ view: { request_id: created.subject } }] });
    expect(await caller.queries.list({ ...page, cursor: "?" })).toEqual({ kind: "invalid_cursor" });
    expect(await caller.queries.cancel({ ...refOf(created), reason: "enough" })).toMatchObject({
      kind: "cancelled",
      request: { view: { status: "cancelled", reason: "enough" } },
    });
    expect(await caller.queries.list(page)).toEqual({ kind: "page", requests: [] });
    const withdrawn = { tenant: "default", session_id: data.session_id, status: ["cancelled" as const] };
    expect(await caller.queries.list({ ...withdrawn, limit: 9, q: "m" })).toMatchObject({
      kind: "page",
      requests: [{ view: { request_id: created.subject, reason: "enough" } }],
    });
    expect(await caller.queries.count(withdrawn)).toEqual({ count: 1, is_exact: true });
  });

  it("list the longest questions by pages that a message holds, all of them and each once", async () => {
    const { requests } = await serve();
    const session = newRequestId();
    const long = "\u{1F6D1}".repeat(16_000);
    const questions = Array.from({ length: 30 }, () => aQuestion({ session, message: long }));
    for (const created of questions) await requests.submit(created);
    const pages: string[][] = [];
    const listAll = async () => {
      pages.length = 0;
      let cursor: string | undefined;
      do {
        const query = { tenant: "default", session_id: session, limit: 100, cursor };
        const reply = await caller.queries.list(query);
        if (reply.kind !== "page") throw new Error(reply.kind);
        pages.push(reply.requests.map(({ view }) => view.request_id));
        cursor = reply.next_cursor;
      } while (cursor !== undefined);
      return new Set(pages.flat()).size;
    };
    await expect.poll(listAll).toBe(30);
    expect(pages.flat()).toHaveLength(30);
    expect(pages.length).toBeGreaterThan(1);
  });

  it("are unavailable when the store is away and only the store could tell", async () => {
    const { database, failures } = await serve();
    await database[Symbol.asyncDispose]();
    await expect(caller.queries.list({ tenant: "default", limit: 1 })).rejects.toThrow(Unavailable);
    expect(failures).toEqual([]);
  });

  it("are all answered while one of two state services stops", async () => {
    const [first] = [await serve(), await serve()];
    const replies = Array.from({ length: 200 }, () => caller.queries.status(refOf(aQuestion())));
    await first.serving[Symbol.asyncDispose]();
    replies.push(...Array.from({ length: 50 }, () => caller.queries.status(refOf(aQuestion()))));
    for (const reply of await Promise.all(replies)) expect(reply).toEqual({ kind: "not_found" });
  });

  it("whose reply no message can hold are unavailable, and told to the operator", async () => {
    const bus = parts.use(await connectNatsBus(options));
    const failures: unknown[] = [];
    const never = () => Promise.reject(new TypeError("not asked"));
    const endless = { status: async () => ({ kind: "not_found", more: "x".repeat(2_000_000) }) as const };
    parts.use(
      await bus.serve({ ...endless, timeline: never, list: never, count: never, cancel: never }, (error) =>
        failures.push(error),
      ),
    );
    await expect(caller.queries.status(refOf(aQuestion()))).rejects.toThrow(Unavailable);
    expect(failures).toHaveLength(1);
  });

  it("that are no queries are told to the operator, and answered", async () => {
    const { failures } = await serve();
    const rubbish = { tenant: "default", id: 7 } as unknown as { tenant: string; id: string };
    await expect(caller.queries.status(rubbish)).rejects.toThrow(Unavailable);
    expect(failures).toHaveLength(1);
  });
});
