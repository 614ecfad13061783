import { inspect } from "node:util";
import { StartupError, Unavailable } from "@loopgate/bus";
import { startMongoServer } from "@loopgate/testing";
import { describe, expect, it } from "vitest";
import { MergeBatches } from "../src/projection/merge-batches.ts";
import { documentId, pageQuery } from "../src/store/mongo-document.ts";
import { MongoRequestStore } from "../src/store/mongo.ts";
import { documentsOf, mongoOfFile, openClient, openStore } from "./support/mongo.ts";
import { type ParsedEntry, refOf } from "@loopgate/contracts";
import { aQuestion, aCancellation, entriesOf } from "@loopgate/testing/builders";
import { requestStoreContract } from "./request-store.contract.ts";

const server = await mongoOfFile();
const newDatabase = (): string => server?.newDatabase() ?? "";
const reasonOf = (opening: Promise<unknown>): Promise<unknown> =>
  opening.then(
    () => undefined,
    (error: unknown) => error,
  );

describe.skipIf(server === undefined)("MongoRequestStore", () => {
  requestStoreContract(async () => {
    const uri = newDatabase();
    return { store: await openStore(uri), reopen: () => openStore(uri) };
  });

  it("is written by many projectors at once", async () => {
    const uri = newDatabase();
    const stores = await Promise.all(Array.from({ length: 4 }, () => openStore(uri)));
    const all = Array.from({ length: 100 }, () => aQuestion()).map((created) =>
      entriesOf(created, aCancellation(created)),
    );
    await Promise.all(
      stores.flatMap((store) => [store.merge(all.flat()), store.merge(all.flat().toReversed())]),
    );
    const documents = documentsOf(openClient(uri));
    expect(await documents.countDocuments({ "newest.status": "cancelled" })).toBe(100);
    expect(await documents.countDocuments()).toBe(100);
  });

  it("creates its indexes again after they were dropped", async () => {
    const uri = newDatabase();
    const store = await openStore(uri);
    const created = aQuestion();
    await openClient(uri).db().dropDatabase();
    await store.merge(entriesOf(created));
    const page = { tenant: "default", limit: 1 };
    await expect(store.listPending(page)).rejects.toThrow(Unavailable);
    expect(await store.listPending(page)).toHaveLength(1);
  });

  it("refuses a document for itself alone: the others of its batch are stored", async () => {
    const uri = newDatabase();
    const store = await openStore(uri);
    const all = Array.from({ length: 20 }, () => aQuestion());
    const _id = documentId(refOf(all[7]!));
    await openClient(uri)
      .db()
      .command({ collMod: "requests", validator: { _id: { $ne: _id } } });
    const batches = new MergeBatches(store, 0);
    const merges = await Promise.allSettled(
      all.flatMap((created) => entriesOf(created)).map((entry) => batches.merge(entry)),
    );
    expect(merges.flatMap(({ status }, index) => (status === "rejected" ? [index] : []))).toEqual([7]);
    expect(merges[7]).not.toMatchObject({ reason: expect.any(Unavailable) });
    expect(await documentsOf(openClient(uri)).countDocuments()).toBe(19);
  });
});

describe.skipIf(server === undefined)("a stored request", () => {
  it("is found at the same cost among 1,000 as among 20,000", async () => {
    const uri = newDatabase();
    const store = await openStore(uri);
    const documents = documentsOf(openClient(uri));
    for (const total of [1_000, 20_000]) {
      await fill(store, total - (await documents.countDocuments()));
      for (const page of [
        {},
        { sessionId: "s1" },
        { clientId: "c1" },
        { after: { createdAt: at(400), id: "" } },
      ]) {
        const { filter, ...options } = pageQuery({ tenant: "default", limit: 50, ...page });
        const plan = await documents.find(filter, { ...options, limit: 50 }).explain("executionStats");
        expect(plan.executionStats).toMatchObject({ nReturned: 50 });
        expect(plan.executionStats.totalKeysExamined).toBeLessThanOrEqual(52);
        expect(plan.executionStats.totalDocsExamined).toBeLessThanOrEqual(52);
        expect(JSON.stringify(plan.queryPlanner.winningPlan)).not.toContain("SORT");
      }
      const byId = documents.find({ _id: documentId(refOf(aQuestion())) }).explain("queryPlanner");
      expect((await byId).queryPlanner.winningPlan).toMatchObject({ stage: "IDHACK" });
    }
  });

  const at = (second: number) => new Date(1_800_000_000_000 + second * 1_000).toISOString();

  /** Every second one is decided; there are ten sessions and ten clients. */
  async function fill(store: MongoRequestStore, count: number): Promise<void> {
    const batches = new MergeBatches(store, 0);
    const entries = Array.from({ length: count }, (_, n): ParsedEntry[] => {
      const created = aQuestion({ session: `s${n % 10}`, client: `c${n % 10}`, at: new Date(at(n)) });
      return entriesOf(created, ...(n % 20 < 10 ? [] : [aCancellation(created)]));
    });
    await Promise.all(entries.flat().map((entry) => batches.merge(entry)));
  }
});

describe.skipIf(server?.isOurs !== true)(
  "a MongoDB that will not do is refused, in words and without secrets:",
  () => {
    it.each<[string, (uri: string) => string, string]>([
      ["a wrong user", (uri) => uri.replace("//", "//me:hunter2@"), "check the user's name, the password"],
      ["another replica set", (uri) => uri.replace("replicaSet=rs0", "replicaSet=other"), "check replicaSet"],
      ["no database", () => "mongodb://me:hunter2@host/?replicaSet=rs0", "with a database"],
      ["a string that can't be read", () => "mongodb://me:hunter2@host:port/loopgate", "percent-encoded"],
    ])("%s", async (_, change, message) => {
      const error = await reasonOf(MongoRequestStore.open(change(newDatabase())));
      expect(error).toBeInstanceOf(StartupError);
      expect(error).toMatchObject({ message: expect.stringContaining(message) });
      expect(inspect(error, { depth: 10 })).not.toContain("hunter2");
    });

    it("a server without a replica set", async () => {
      await using alone = await startMongoServer({ standalone: true });
      const error = await reasonOf(MongoRequestStore.open(alone?.newDatabase() ?? ""));
      expect(error).toBeInstanceOf(StartupError);
      expect(error).toMatchObject({ message: expect.stringContaining("--replSet") });
    });

    it("missing privileges, which are waited for once the service runs", async () => {
      const uri = newDatabase();
      const store = await openStore(uri);
      const admin = openClient(uri).db("admin");
      const data = { failCommands: ["createIndexes", "update"], errorCode: 13, appName: "loopgate-state" };
      await admin.command({ configureFailPoint: "failCommand", mode: "alwaysOn", data });
      try {
        await expect(MongoRequestStore.open(uri)).rejects.toThrow("grant the role readWrite");
        const merge = store.merge(entriesOf(aQuestion()));
        await expect(merge).rejects.toThrow("MongoDB refuses: Unauthorized (13)");
        await expect(merge).rejects.toThrow(Unavailable);
      } finally {
        await admin.command({ configureFailPoint: "failCommand", mode: "off" });
      }
      await store.merge(entriesOf(aQuestion()));
    });

    it("a majority that does not answer in time is waited for, too", async () => {
      const uri = newDatabase();
      const store = await openStore(uri);
      const created = aQuestion();
      const admin = openClient(uri).db("admin");
      const writeConcernError = { code: 64, codeName: "WriteConcernFailed", errmsg: "waiting timed out" };
      const data = { failCommands: ["update"], writeConcernError, appName: "loopgate-state" };
      await admin.command({ configureFailPoint: "failCommand", mode: { times: 1 }, data });
      await expect(store.merge(entriesOf(created))).rejects.toThrow(Unavailable);
      await store.merge(entriesOf(created));
      expect(await store.get(refOf(created))).toBeDefined();
    });
  },
);
