import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RequestLog } from "@loopgate/requests";
import { openSqliteBus, SqliteDatabase } from "@loopgate/bus/sqlite";
import { busMetrics, createLogger, createMetrics } from "@loopgate/runtime";
import { metricSeries } from "@loopgate/testing";
import { afterEach, expect, it } from "vitest";
import { startState } from "../src/index.ts";
import { SqliteRequestStore } from "../src/store/sqlite.ts";
import { aQuestion } from "@loopgate/testing/builders";

const retentionMs = 90 * 86_400_000;
const logger = createLogger("state-test", "silent");
let running = new AsyncDisposableStack();
afterEach(async () => {
  await running.disposeAsync();
  running = new AsyncDisposableStack();
});

/** A state service whose store can be closed without its log. */
async function start() {
  const directory = await mkdtemp(join(tmpdir(), "loopgate-state-metrics-"));
  running.defer(() => rm(directory, { recursive: true }));
  const metrics = createMetrics();
  const observer = busMetrics(metrics, logger);
  const path = join(directory, "loopgate.db");
  const lifetimes = { sessions: undefined, copies: undefined, leases: undefined, channels: undefined };
  const options = { path, lifetimes, retentionMs, backOffMs: [20], observer };
  const { log, timers } = running.use(await openSqliteBus(options));
  const requests = new RequestLog({ log, retentionMs });
  const database = running.use(SqliteDatabase.open(join(directory, "store.db")));
  const store = await SqliteRequestStore.open(database);
  const { queries } = running.use(await startState({ log, timers, requests, store, logger, metrics }));
  return { requests, database, queries, scrape: async () => metricSeries(await metrics.metrics()) };
}

it("show how many requests are pending and how old the oldest is", async () => {
  const { requests, queries, scrape } = await start();
  const [old, young] = [
    aQuestion({ at: new Date(Date.now() - 3_600_000), timeoutMs: 86_400_000 }),
    aQuestion(),
  ];
  for (const created of [old, young]) await requests.submit(created);
  const listed = async () =>
    (await queries.list({ tenant: "default", limit: 10 })) as { requests: unknown[] };
  await expect.poll(async () => (await listed()).requests).toHaveLength(2);

  const series = await scrape();

  expect(series.get("loopgate_requests_pending")).toBe(2);
  const age = series.get("loopgate_requests_oldest_pending_age_seconds");
  expect(Math.floor((age ?? 0) / 3_600)).toBe(1);
});

it("show nothing pending as nothing, not as absent", async () => {
  const { scrape } = await start();
  const series = await scrape();
  expect(series.get("loopgate_requests_pending")).toBe(0);
  expect(series.get("loopgate_requests_oldest_pending_age_seconds")).toBe(0);
  for (const consumer of ["state-projection", "state-timers", "state-expiry"]) {
    expect(series.get(`loopgate_consumer_backlog{consumer="${consumer}"}`)).toBe(0);
    expect(series.get(`loopgate_consumer_backlog_age_seconds{consumer="${consumer}"}`)).toBe(0);
  }
});

it("show how far the projection is behind, and what the store refuses, while the store is away", async () => {
  const { requests, database, scrape } = await start();
  await database[Symbol.asyncDispose]();
  const created = aQuestion();
  await requests.submit(created);
  const failures = async () => (await scrape()).get('loopgate_store_failures_total{operation="merge"}');
  await expect.poll(failures).toBeGreaterThan(1);

  const series = await scrape();

  expect(series.get('loopgate_consumer_backlog{consumer="state-projection"}')).toBe(1);
  expect(series.get('loopgate_consumer_backlog_age_seconds{consumer="state-projection"}')).toBeGreaterThan(0);
  expect([...series.keys()].filter((name) => name.startsWith("loopgate_requests"))).toEqual([]);
});
