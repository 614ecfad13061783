import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fold } from "@loopgate/domain";
import { SqliteDatabase } from "@loopgate/bus/sqlite";
import { aDecision, anEntry, aQuestion, entriesOf } from "@loopgate/testing/builders";
import { describe, expect, it, onTestFinished } from "vitest";
import type { ListFilter } from "../src/index.ts";
import { armsOf, inOrder } from "../src/store/sqlite-lists.ts";
import { SqliteRequestStore } from "../src/store/sqlite.ts";
import { requestStoreContract } from "./request-store.contract.ts";

/** The path of a new database, which is deleted after the test. */
async function newPath(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "loopgate-store-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  return join(directory, "loopgate.db");
}

/** Opens a store until the end of the test, or until the next one of the same path. */
async function openStore(path: string): Promise<SqliteRequestStore & AsyncDisposable> {
  const database = SqliteDatabase.open(path);
  onTestFinished(() => database[Symbol.asyncDispose]());
  const store = await SqliteRequestStore.open(database);
  return Object.assign(store, { [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() });
}

describe("SqliteRequestStore", () => {
  requestStoreContract(async () => {
    const path = await newPath();
    const store = await openStore(path);
    const reopen = async () => {
      await store[Symbol.asyncDispose]();
      return openStore(path);
    };
    return { store, reopen };
  });
});

/** As 0.1.0 created its table, and wrote a row. */
const SCHEMA_OF_OLD = `
  CREATE TABLE IF NOT EXISTS requests (
    tenant TEXT NOT NULL, id TEXT NOT NULL, events TEXT NOT NULL,
    pending INTEGER NOT NULL, created_at TEXT, session_id TEXT, client_id TEXT,
    PRIMARY KEY (tenant, id)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS pending_by_age ON requests (tenant, created_at, id) WHERE pending = 1;
`;
const UPSERT_OF_OLD = `
  INSERT INTO requests (tenant, id, events, pending, created_at, session_id, client_id) VALUES (?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (tenant, id) DO UPDATE SET events = excluded.events, pending = excluded.pending
`;

describe("a file of 0.1.0", () => {
  const all = Array.from({ length: 450 }, () => aQuestion({ message: "alpha" }));

  function writeAsOld(path: string, decided: ReadonlySet<number>): void {
    using database = new DatabaseSync(path);
    database.exec(`${SCHEMA_OF_OLD} BEGIN`);
    const statement = database.prepare(UPSERT_OF_OLD);
    for (const [index, created] of all.entries()) {
      const isDecided = decided.has(index);
      const set = fold(entriesOf(...(isDecided ? [created, aDecision(created)] : [created])));
      statement.run(
        "default",
        created.subject,
        JSON.stringify(set),
        isDecided ? 0 : 1,
        created.time,
        "s",
        "c",
      );
    }
    database.exec("COMMIT");
  }

  const filters = [
    { statuses: ["pending"], principals: ["telegram:7"] },
    { statuses: ["decided"], principals: ["telegram:7"] },
    { statuses: ["decided"], outcome: "approved" },
    { statuses: ["decided"], decidedBy: "telegram:7" },
    { statuses: ["pending", "decided"], words: ["alpha"] },
  ] as const;
  const countsIn = (store: SqliteRequestStore) =>
    Promise.all(filters.map((filter) => store.count({ tenant: "default", ...filter }, 1_000)));

  it("is found by every filter once it was opened, also what 0.1.0 writes after that", async () => {
    const path = await newPath();
    writeAsOld(path, new Set([0, 1]));
    const store = await openStore(path);
    expect(await countsIn(store)).toEqual([448, 2, 2, 2, 450]);
    await store[Symbol.asyncDispose]();

    writeAsOld(path, new Set([0, 1, 2, 3, 4]));
    const again = await openStore(path);
    expect(await countsIn(again)).toEqual([445, 5, 5, 5, 450]);
    await again.merge([anEntry(9, aDecision(all[7]!))]);
    expect(await countsIn(again)).toEqual([444, 6, 6, 6, 450]);
  });
});

it("keeps no way to a pending request once it is decided: pages of pending ones stay cheap", async () => {
  const path = await newPath();
  const store = await openStore(path);
  for (let n = 0; n < 5; n++) {
    const created = aQuestion();
    await store.merge(entriesOf(created));
    await store.merge(entriesOf(created, aDecision(created)));
  }
  using database = new DatabaseSync(path);
  const rows = database
    .prepare("SELECT role, status, count(*) AS count FROM request_people GROUP BY 1, 2")
    .all();
  expect(rows).toEqual([
    { role: "decider", status: "decided", count: 5 },
    { role: "responder", status: "decided", count: 5 },
  ]);
});

describe("a page of a SQLite store", () => {
  it.each<[Omit<ListFilter, "tenant">, string]>([
    [{ statuses: ["pending"] }, "requests_by_status"],
    [{ statuses: ["decided"], createdAfter: "2026" }, "requests_by_status"],
    [{ statuses: ["pending"], sessionId: "s" }, "requests_by_session"],
    [{ statuses: ["decided"], clientId: "c" }, "requests_by_client"],
    [
      { statuses: ["decided"], principals: ["web:alice"] },
      "PRIMARY KEY (tenant=? AND role=? AND principal=? AND status=?",
    ],
    [
      { statuses: ["decided"], decidedBy: "web:alice" },
      "PRIMARY KEY (tenant=? AND role=? AND principal=? AND status=?",
    ],
  ])("with %j is read along its index, without a sort", async (given, index) => {
    const database = SqliteDatabase.open(await newPath());
    onTestFinished(() => database[Symbol.asyncDispose]());
    await SqliteRequestStore.open(database);
    const filter = { tenant: "default", ...given };
    for (const order of ["asc", "desc"] as const) {
      const after = { createdAt: "2026-01-01T00:00:00.000Z", id: "1" };
      const [arm] = armsOf(filter, { order, after });
      const explain = `EXPLAIN QUERY PLAN ${inOrder(arm!, order)}`;
      const plan = database.read((db) => db.prepare(explain).all(...arm!.values, 10));
      const text = plan.map(({ detail }) => String(detail)).join("\n");
      expect(text).toContain(index);
      expect(text).not.toMatch(/TEMP B-TREE|SCAN/);
    }
  });
});
