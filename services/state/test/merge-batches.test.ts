import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Unavailable } from "@loopgate/bus";
import { SqliteDatabase } from "@loopgate/bus/sqlite";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { MergeBatches } from "../src/projection/merge-batches.ts";
import type { RequestStore } from "../src/store/request-store.ts";
import { SqliteRequestStore } from "../src/store/sqlite.ts";
import { parsedEntry, refOf } from "@loopgate/contracts";
import { aQuestion, entriesOf } from "@loopgate/testing/builders";

let store: RequestStore;
let database: SqliteDatabase;
/** How many entries each write had, and how many writes were under way at once at most. */
let writes: number[];
let most: number;
beforeEach(async () => {
  const directory = await mkdtemp(join(tmpdir(), "loopgate-batches-"));
  database = SqliteDatabase.open(join(directory, "store.db"));
  onTestFinished(async () => {
    await database[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });
  store = counted(await SqliteRequestStore.open(database));
});

function counted(real: RequestStore): RequestStore {
  [writes, most] = [[], 0];
  let underWay = 0;
  return {
    get: (ref) => real.get(ref),
    list: (page) => real.list(page),
    count: (filter, limit) => real.count(filter, limit),
    merge: async (entries) => {
      writes.push(entries.length);
      most = Math.max(most, ++underWay);
      await real.merge(entries).finally(() => (underWay -= 1));
    },
  };
}

const some = (count: number) => Array.from({ length: count }, () => aQuestion());
const broken = () => {
  const [entry] = entriesOf(aQuestion());
  return parsedEntry({ ...entry!, event: { ...entry!.event, data: {} } });
};

describe("merges that wait at the same time", () => {
  it("share writes, a few of which are under way at once", async () => {
    const batches = new MergeBatches(store, 60_000);
    const all = some(3_000);
    await Promise.all(all.flatMap((created) => entriesOf(created)).map((entry) => batches.merge(entry)));
    expect(writes).toEqual([500, 500, 500, 500, 500, 500]);
    expect(most).toBe(4);
    for (const created of all) expect(await store.get(refOf(created))).toBeDefined();
  });

  it("are refused each for itself", async () => {
    const batches = new MergeBatches(store, 60_000);
    const entries = some(50).flatMap((created) => entriesOf(created));
    const merges = entries.toSpliced(20, 0, broken(), broken()).map((entry) => batches.merge(entry));
    const statuses = (await Promise.allSettled(merges)).map(({ status }) => status);
    expect(statuses.flatMap((status, index) => (status === "rejected" ? [index] : []))).toEqual([20, 21]);
    expect(await store.count({ tenant: "default", statuses: ["pending"] }, 100)).toBe(50);
  });

  it("are handed back when the store is away and no caller waits any longer", async () => {
    const batches = new MergeBatches(store, 60_000);
    await database[Symbol.asyncDispose]();
    const stop = new AbortController();
    const merges = Promise.allSettled(
      some(50)
        .flatMap((created) => entriesOf(created))
        .map((entry) => batches.merge(entry, stop.signal)),
    );
    await expect.poll(() => writes.length).toBeGreaterThan(1);
    stop.abort();
    for (const merge of await merges) expect(merge).toMatchObject({ reason: expect.any(Unavailable) });
  });
});
