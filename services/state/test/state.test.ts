import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RequestQueries, Unavailable } from "@loopgate/bus";
import { RequestLog } from "@loopgate/requests";
import { openSqliteBus, type SqliteBus, SqliteDatabase } from "@loopgate/bus/sqlite";
import { createLogger, createMetrics } from "@loopgate/runtime";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type RequestStore, startState } from "../src/index.ts";
import { StateQueries } from "../src/queries/state-queries.ts";
import { SqliteRequestStore } from "../src/store/sqlite.ts";
import { type CreatedEvent, type LogEntry, newRequestId, refOf, requestSubject } from "@loopgate/contracts";
import { aCancellation, aDelivery, anEntry, aQuestion, entriesOf } from "@loopgate/testing/builders";

const pending = { tenant: "default", statuses: ["pending"] } as const;
const retentionMs = 90 * 86_400_000;
let directory: string;
let bus: SqliteBus;
let requests: RequestLog;
let store: RequestStore;
let running: AsyncDisposableStack;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "loopgate-state-"));
  await open();
});
afterEach(async () => {
  await running.disposeAsync();
  await rm(directory, { recursive: true });
});

async function open(): Promise<void> {
  running = new AsyncDisposableStack();
  const lifetimes = { sessions: undefined, copies: undefined, leases: undefined };
  bus = running.use(await openSqliteBus({ path: join(directory, "loopgate.db"), lifetimes, retentionMs }));
  requests = new RequestLog({ log: bus.log, retentionMs });
  store = await SqliteRequestStore.open(bus.database);
}

async function start(changes: { store?: RequestStore; now?: () => Date } = {}): Promise<RequestQueries> {
  const logger = createLogger("state-test", "silent");
  const { log, timers } = bus;
  return running.use(
    await startState({ log, timers, requests, store, logger, metrics: createMetrics(), ...changes }),
  ).queries;
}

/** Asks a question, and returns it as the log holds it. */
async function submit(created: CreatedEvent): Promise<LogEntry<CreatedEvent>> {
  await requests.submit(created);
  return (await requests.created(refOf(created)))!;
}

const viewOf = async (queries: RequestQueries, created: CreatedEvent) => {
  const reply = await queries.status(refOf(created));
  if (reply.kind === "not_found") throw new Error(reply.kind);
  return reply.request.view;
};

describe("expiry", () => {
  it("expires an undecided request one second after its end", async () => {
    const queries = await start();
    const created = aQuestion({ timeoutMs: 100 });
    await submit(created);
    await expect.poll(async () => (await viewOf(queries, created)).status).toBe("expired");
    const view = await viewOf(queries, created);
    expect(view).toMatchObject({ approved: false, decided_by: { type: "timeout" } });
    expect(Date.parse(view.decided_at ?? "") - Date.parse(view.expires_at)).toBeGreaterThanOrEqual(1_000);
  });

  it("ends a request whose time ran out while no process lived", async () => {
    await start();
    const created = aQuestion({ timeoutMs: 50 });
    await submit(created);
    await running.disposeAsync();
    await open();
    const queries = await start();
    await expect.poll(async () => (await viewOf(queries, created)).status).toBe("expired");
  });

  it("leaves a decision alone", async () => {
    const queries = await start();
    const created = aQuestion({ timeoutMs: 100 });
    await submit(created);
    await requests.decide(refOf(created), () => ({ decide: aCancellation(created) }));
    const witness = aQuestion({ timeoutMs: 300 });
    await submit(witness);
    await expect.poll(async () => (await viewOf(queries, witness)).status).toBe("expired");
    expect((await viewOf(queries, created)).status).toBe("cancelled");
  });
});

describe("status", () => {
  it("is never behind the log, also while the projection is stopped", async () => {
    const queries = await start({ store: await lostStore() });
    const created = aQuestion();
    await submit(created);
    expect((await viewOf(queries, created)).status).toBe("pending");
    await requests.decide(refOf(created), () => ({ decide: aCancellation(created) }));
    expect((await viewOf(queries, created)).status).toBe("cancelled");
  });

  it("calls nothing unknown while the store is away", async () => {
    const queries = await start({ store: await lostStore() });
    await expect(queries.status(refOf(aQuestion()))).rejects.toThrow(Unavailable);
  });

  it("is not_found when neither the store nor the log knows the id", async () => {
    const queries = await start();
    expect(await queries.status({ tenant: "default", id: newRequestId() })).toEqual({ kind: "not_found" });
  });

  it("calls a decision without its question unavailable, not unknown", async () => {
    const queries = await start();
    const created = aQuestion();
    await bus.log.append(requestSubject(refOf(created), "decided"), aCancellation(created));
    await expect(queries.status(refOf(created))).rejects.toThrow(Unavailable);
  });

  it("reads a stored question that the log lost as expired once its time is over, and as pending before", async () => {
    const ended = aQuestion({ at: new Date(Date.now() - 600_000) });
    const open = aQuestion();
    await store.merge([...entriesOf(ended), ...entriesOf(open)]);
    const queries = await start();
    expect(await viewOf(queries, ended)).toMatchObject({
      status: "expired",
      reason: "log_lost",
      approved: false,
    });
    expect(await viewOf(queries, open)).toMatchObject({ status: "pending" });
  });

  it("still knows a request after the log has let it go", async () => {
    const created = aQuestion();
    await store.merge(entriesOf(created, aCancellation(created)));
    expect(await viewOf(await start(), created)).toMatchObject({ status: "cancelled", reason: "enough" });
  });
});

describe("the timeline", () => {
  it("has what the log has, and tells of a request whose question the log lost that it expired", async () => {
    const queries = await start();
    const created = aQuestion();
    await submit(created);
    await requests.recordDelivered(created, { endpoint: "telegram_42_7", copy: "1" });
    await requests.decide(refOf(created), () => ({ decide: aCancellation(created) }));
    const ended = aQuestion({ at: new Date(Date.now() - 600_000) });
    await store.merge([...entriesOf(ended), anEntry(7, aDelivery(ended))]);
    const typesOf = async (question: CreatedEvent) => {
      const reply = await queries.timeline(refOf(question));
      return reply.kind === "found" ? reply.timeline.map(({ type, reason }) => [type, reason]) : reply.kind;
    };

    const asked = [
      ["created", undefined],
      ["delivered", undefined],
    ];
    expect(await typesOf(created)).toEqual([...asked, ["decided", "enough"]]);
    expect(await typesOf(ended)).toEqual([...asked, ["decided", "log_lost"]]);
    expect(await typesOf(aQuestion())).toBe("not_found");
  });
});

describe("cancel", () => {
  it("withdraws a pending request, and says so again when repeated", async () => {
    const queries = await start();
    const created = aQuestion();
    await submit(created);
    for (const reason of ["changed my mind", "again"]) {
      const reply = await queries.cancel({ ...refOf(created), reason });
      expect(reply).toMatchObject({
        kind: "cancelled",
        request: { view: { status: "cancelled", reason: "changed my mind", approved: false } },
      });
    }
  });

  it("shows in the list at once", async () => {
    const queries = await start();
    const created = aQuestion();
    await submit(created);
    await queries.cancel(refOf(created));
    expect(await queries.list({ tenant: "default", limit: 10 })).toEqual({ kind: "page", requests: [] });
  });

  it("goes on while the store is away, and answers from the log", async () => {
    const queries = await start({ store: await lostStore() });
    const created = aQuestion();
    await submit(created);
    expect(await queries.cancel(refOf(created))).toMatchObject({ kind: "cancelled" });
  });

  it("loses against an earlier decision, and returns the winner's view", async () => {
    const queries = await start({ now: () => new Date() });
    const created = aQuestion({ timeoutMs: 50 });
    await submit(created);
    await expect.poll(async () => (await viewOf(queries, created)).status).toBe("expired");
    expect(await queries.cancel(refOf(created))).toMatchObject({
      kind: "already_decided",
      request: { view: { status: "expired" } },
    });
  });

  it("has exactly one winner among many", async () => {
    const queries = await start();
    const created = aQuestion();
    await submit(created);
    const reasons = Array.from({ length: 30 }, (_, n) => `reason ${n}`);
    const replies = await Promise.all(reasons.map((reason) => queries.cancel({ ...refOf(created), reason })));
    const shown = replies.map((reply) =>
      reply.kind === "cancelled" ? reply.request.view.reason : reply.kind,
    );
    expect(new Set(shown).size).toBe(1);
  });

  it("of a stored question that the log lost is unavailable before its end, and too late after", async () => {
    const ended = aQuestion({ at: new Date(Date.now() - 600_000) });
    const open = aQuestion();
    await store.merge([...entriesOf(ended), ...entriesOf(open)]);
    const queries = await start();
    await expect(queries.cancel(refOf(open))).rejects.toThrow(Unavailable);
    expect(await queries.cancel(refOf(ended))).toMatchObject({
      kind: "already_decided",
      request: { view: { status: "expired", reason: "log_lost" } },
    });
  });

  it("of an unknown id is not_found", async () => {
    expect(await (await start()).cancel({ tenant: "default", id: newRequestId() })).toEqual({
      kind: "not_found",
    });
  });
});

describe("list", () => {
  it("leaves out what the log lost once its time is over: it reads as expired", async () => {
    const ended = aQuestion({ at: new Date(Date.now() - 600_000) });
    const open = aQuestion();
    await store.merge([...entriesOf(ended), ...entriesOf(open)]);
    const listed = await (await start()).list({ tenant: "default", limit: 9 });
    expect(listed).toMatchObject({ kind: "page", requests: [{ view: { request_id: open.subject } }] });
  });

  it("pages through everything by its cursor, oldest first", async () => {
    const queries = await start();
    const all = Array.from({ length: 5 }, (_, n) => aQuestion({ at: new Date(Date.now() + n) }));
    for (const created of all) await submit(created);
    await expect.poll(async () => store.count(pending, 9)).toBe(5);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await queries.list({
        tenant: "default",
        limit: 2,
        ...(cursor === undefined ? {} : { cursor }),
      });
      if (page.kind === "invalid_cursor") throw new Error(page.kind);
      seen.push(...page.requests.map(({ view }) => view.request_id));
      cursor = page.next_cursor;
    } while (cursor !== undefined);
    expect(seen).toEqual(all.map((created) => created.subject));
  });

  it("shows what was asked before it, also when the projection is a moment behind", async () => {
    const { promise: isFree, resolve: free } = Promise.withResolvers<void>();
    const busy: RequestStore = {
      get: (ref) => store.get(ref),
      list: (page) => store.list(page),
      count: (filter, limit) => store.count(filter, limit),
      merge: (entries) => isFree.then(() => store.merge(entries)),
    };
    const queries = await start({ store: busy });
    const created = aQuestion();
    await submit(created);
    const listing = queries.list({ tenant: "default", limit: 9 });
    await viewOf(queries, created);
    free();
    expect(await listing).toMatchObject({ requests: [{ view: { request_id: created.subject } }] });
  });

  it("leaves out what the log knows to be decided, however far the projection is behind", async () => {
    const created = aQuestion();
    await submit(created);
    await store.merge(entriesOf(created));
    const logger = createLogger("state-test", "silent");
    const projection = { waitForCatchUp: async () => false };
    const queries = new StateQueries({ requests, projection, store, logger, now: () => new Date() });
    await requests.decide(refOf(created), () => ({ decide: aCancellation(created) }));
    expect(await queries.list({ tenant: "default", limit: 9 })).toEqual({ kind: "page", requests: [] });
  });

  it.each(["", "rubbish", Buffer.from("[1,2]").toString("base64url")])(
    "refuses %j as a cursor",
    async (cursor) => {
      const reply = await (await start()).list({ tenant: "default", limit: 2, cursor });
      expect(reply).toEqual({ kind: "invalid_cursor" });
    },
  );
});

/** A store whose database is gone: its file is closed under it. */
async function lostStore(): Promise<RequestStore> {
  const database = SqliteDatabase.open(join(directory, "lost.db"));
  const lost = await SqliteRequestStore.open(database);
  await database[Symbol.asyncDispose]();
  return lost;
}
