import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RequestQueries, Unavailable } from "@loopgate/bus";
import { RequestLog } from "@loopgate/requests";
import { openSqliteBus, type SqliteBus } from "@loopgate/bus/sqlite";
import { createLogger, createMetrics } from "@loopgate/runtime";
import type { MongoServer } from "@loopgate/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { rebuildProjection, startState } from "../src/index.ts";
import { MongoRequestStore } from "../src/store/mongo.ts";
import { mongoOfFile, openStore } from "./support/mongo.ts";
import { type CreatedEvent, refOf } from "@loopgate/contracts";
import { aQuestion } from "@loopgate/testing/builders";

const server = await mongoOfFile();
const retentionMs = 90 * 86_400_000;
const soon = { interval: 20 };

let directory: string;
let bus: SqliteBus;
let requests: RequestLog;
let store: MongoRequestStore;
let running: AsyncDisposableStack;
let mongo: MongoServer;

beforeEach(async () => {
  if (server !== undefined) mongo = server;
  directory = await mkdtemp(join(tmpdir(), "loopgate-outage-"));
  await open(mongo.newDatabase());
});
afterEach(async () => {
  await mongo.thaw();
  await running.disposeAsync();
  await rm(directory, { recursive: true });
});

async function open(uri: string): Promise<void> {
  running = new AsyncDisposableStack();
  const lifetimes = { sessions: undefined, copies: undefined, leases: undefined, channel: undefined };
  const path = join(directory, "loopgate.db");
  bus = running.use(await openSqliteBus({ path, lifetimes, retentionMs }));
  requests = new RequestLog({ log: bus.log, retentionMs });
  store = running.use(await MongoRequestStore.open(uri));
}

async function start(): Promise<RequestQueries> {
  const logger = createLogger("state-test", "silent");
  const { log, timers } = bus;
  return running.use(await startState({ log, timers, requests, store, logger, metrics: createMetrics() }))
    .queries;
}

async function ask(): Promise<CreatedEvent> {
  const created = aQuestion();
  await requests.submit(created);
  return created;
}

const cancel = async (queries: RequestQueries, created: CreatedEvent) =>
  (await queries.cancel(refOf(created))).kind;
const statusOf = async (queries: RequestQueries, created: CreatedEvent) => {
  const reply = await queries.status(refOf(created));
  return reply.kind === "found" ? reply.request.view.status : reply.kind;
};
const listed = async (queries: RequestQueries) => {
  const reply = await queries.list({ tenant: "default", limit: 100 });
  return reply.kind === "page" ? reply.requests.map(({ view }) => view.request_id) : reply.kind;
};
const listedLater = (queries: RequestQueries) => listed(queries).catch(() => "not yet");

describe.skipIf(server?.isOurs !== true)("while MongoDB is", () => {
  it.each<[string, () => Promise<void>, () => Promise<void>]>([
    ["killed", () => mongo.kill(), () => mongo.restart()],
    ["frozen", () => mongo.freeze(), () => mongo.thaw()],
  ])("%s, only lists are unavailable; it catches up after", async (_, fail, heal) => {
    const queries = await start();
    const before = await ask();
    await expect.poll(() => listed(queries), soon).toEqual([before.subject]);

    await fail();
    const [decided, open] = [await ask(), await ask()];
    expect(await statusOf(queries, open)).toBe("pending");
    expect(await cancel(queries, decided)).toBe("cancelled");
    expect(await cancel(queries, before)).toBe("cancelled");
    expect(await statusOf(queries, before)).toBe("cancelled");
    await expect(listed(queries)).rejects.toThrow(Unavailable);
    await expect(statusOf(queries, aQuestion())).rejects.toThrow(Unavailable);
    await expect(store.check()).rejects.toThrow(Unavailable);

    await heal();
    await expect.poll(() => listedLater(queries), soon).toEqual([open.subject]);
    await expect.poll(async () => (await store.get(refOf(decided)))?.["decided"], soon).toBeDefined();
    await store.check();
  });

  it("killed, nothing is acknowledged that it does not hold: the next process projects it", async () => {
    await start();
    await mongo.kill();
    const created = await ask();
    await running.disposeAsync();
    await mongo.restart();
    await open(mongo.newDatabase());
    const queries = await start();
    await expect.poll(() => listedLater(queries), soon).toEqual([created.subject]);
  });

  it("frozen, the store can be closed", async () => {
    await mongo.freeze();
    await store[Symbol.asyncDispose]();
    await expect(store.check()).rejects.toThrow(Unavailable);
  });

  it("away from the start, the store opens and is Unavailable until it is there", async () => {
    await mongo.kill();
    const late = await openStore(mongo.newDatabase());
    const created = aQuestion();
    await expect(late.get(refOf(created))).rejects.toThrow(Unavailable);
    await expect(late.check()).rejects.toThrow(Unavailable);
    await mongo.restart();
    const pending = { tenant: "default", statuses: ["pending"] } as const;
    await expect.poll(() => late.count(pending, 1).catch(() => "not yet"), soon).toBe(0);
  });

  it("away from the start, and then refuses: that is told", async () => {
    await mongo.kill();
    const late = await openStore(mongo.newDatabase().replace("//", "//me:wrong@"));
    await mongo.restart();
    const told = () => late.check().catch((error: Error) => error.message);
    await expect.poll(told, soon).toContain("refuses the user of MONGODB_URI");
  });

  it("killed, a rebuild waits for it", async () => {
    const created = await ask();
    await mongo.kill();
    const rebuilding = rebuildProjection({ log: bus.log, store });
    await mongo.restart();
    expect(await rebuilding).toMatchObject({ merged: 1, refused: [] });
    expect(await store.get(refOf(created))).toBeDefined();
  });
});
