import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RequestLog } from "@loopgate/requests";
import { openSqliteBus, type SqliteBus, SqliteDatabase } from "@loopgate/bus/sqlite";
import { beforeEach, expect, it, onTestFinished } from "vitest";
import { rebuildProjection, type RequestStore } from "../src/index.ts";
import { startProjection } from "../src/projection/projection.ts";
import { SqliteRequestStore } from "../src/store/sqlite.ts";
import { refOf, requestSubject } from "@loopgate/contracts";
import { aQuestion, aCancellation } from "@loopgate/testing/builders";

const retentionMs = 90 * 86_400_000;
let bus: SqliteBus;
let requests: RequestLog;
/** Empty, in a file of its own. */
let store: RequestStore;
beforeEach(async () => {
  const directory = await mkdtemp(join(tmpdir(), "loopgate-rebuild-"));
  const lifetimes = { sessions: undefined, copies: undefined, leases: undefined, channel: undefined };
  bus = await openSqliteBus({ path: join(directory, "log.db"), lifetimes, retentionMs });
  requests = new RequestLog({ log: bus.log, retentionMs });
  const database = SqliteDatabase.open(join(directory, "rebuilt.db"));
  store = await SqliteRequestStore.open(database);
  onTestFinished(async () => {
    await database[Symbol.asyncDispose]();
    await bus[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });
});

it("fills an empty store with what the projection has, while that continues", async () => {
  const live = await SqliteRequestStore.open(bus.database);
  await using _ = await startProjection(bus.log, live);
  const all = Array.from({ length: 600 }, () => aQuestion());
  await Promise.all(all.map((created) => requests.submit(created)));
  for (const created of all.slice(0, 20)) {
    await requests.decide(refOf(created), () => ({ decide: aCancellation(created) }));
  }

  const seen: number[] = [];
  const onProgress = ({ remaining }: { readonly remaining: number }) => void seen.push(remaining);
  const result = await rebuildProjection({ log: bus.log, store, onProgress });

  expect(result).toEqual({ merged: 620, refused: [], remaining: 0 });
  expect(seen).toEqual(seen.toSorted((a, b) => b - a));
  expect(seen.at(-1)).toBe(0);
  await expect.poll(() => live.get(refOf(all[0]!))).toHaveProperty("decided");
  for (const created of all) {
    await expect.poll(() => live.get(refOf(created))).toBeDefined();
    expect(await store.get(refOf(created))).toEqual(await live.get(refOf(created)));
  }
});

it("names what the store does not take, and merges the rest", async () => {
  const created = aQuestion();
  await requests.submit(created);
  const subject = requestSubject(refOf(created), "decided");
  await bus.log.append(subject, { ...aCancellation(created), data: {} });

  expect(await rebuildProjection({ log: bus.log, store })).toMatchObject({ merged: 1, refused: [subject] });

  expect(await store.get(refOf(created))).toHaveProperty("created");
});
