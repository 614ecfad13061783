import { inspect } from "node:util";
import { StartupError, Unavailable } from "@loopgate/bus";
import { startMongoServer } from "@loopgate/testing";
import { describe, expect, it } from "vitest";
import { MergeBatches } from "../src/projection/merge-batches.ts";
import { documentId } from "../src/store/mongo-document.ts";
import { armsOf, sortOf } from "../src/store/mongo-lists.ts";
import { MongoRequestStore } from "../src/store/mongo.ts";
import { documentsOf, mongoOfFile, openClient, openStore } from "./support/mongo.ts";
import { type ParsedEntry, refOf } from "@loopgate/contracts";
import { aQuestion, aCancellation, aDecision, entriesOf, subjectOf } from "@loopgate/testing/builders";
import type { ListFilter, ListPage } from "../src/index.ts";
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
    const filter = { tenant: "default", statuses: ["pending"] } as const;
    await expect(store.count(filter, 1)).rejects.toThrow(Unavailable);
    expect(await store.count(filter, 1)).toBe(1);
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

describe.skipIf(server === undefined)("what 0.1.0 has stored", () => {
  const [open, ended] = [aQuestion({ message: "alpha" }), aQuestion({ message: "alpha" })];
  const decision = aDecision(ended);
  const entries = [...entriesOf(open), ...entriesOf(ended, decision)];
  /** The members that 0.1.0 wrote of each part. */
  const updatesOfOld = [open, ended].map((created) => ({
    updateOne: {
      filter: { _id: documentId(refOf(created)) },
      update: {
        $setOnInsert: { tenant: "default" },
        $max: {
          "events.created": { seq: 1, subject: subjectOf(created), event: JSON.stringify(created) },
          asked: { seq: 1, at: created.time, session: "s", client: "c" },
          ...(created === open
            ? { newest: { seq: 1, status: "pending" } }
            : {
                "events.decided": { seq: 2, subject: subjectOf(decision), event: JSON.stringify(decision) },
                newest: { seq: 2, status: "answered" },
              }),
        },
      },
      upsert: true,
    },
  }));
  const filters = [
    { statuses: ["pending"], principals: ["telegram:7"] },
    { statuses: ["decided"], principals: ["telegram:7"] },
    { statuses: ["decided"], outcome: "approved" },
    { statuses: ["pending"], words: ["alpha"] },
  ] as const;
  const countsIn = (store: MongoRequestStore) =>
    Promise.all(filters.map((filter) => store.count({ tenant: "default", ...filter }, 10)));

  it("is found by every filter once its keys are added, whether or not the log still has it", async () => {
    const uri = newDatabase();
    const store = await openStore(uri);
    await documentsOf(openClient(uri)).bulkWrite(updatesOfOld);
    expect(await countsIn(store)).toEqual([0, 0, 0, 0]);
    expect(await store.count({ tenant: "default", statuses: ["pending"] }, 10)).toBe(1);
    expect(await store.addKeys()).toBe(2);
    expect(await countsIn(store)).toEqual([1, 1, 1, 1]);
    expect(await store.addKeys()).toBe(0);
  });

  it("is found after a rebuild, and not changed back by a service of 0.1.0", async () => {
    const uri = newDatabase();
    const store = await openStore(uri);
    const documents = documentsOf(openClient(uri));
    await documents.bulkWrite(updatesOfOld);
    await store.merge(entries);
    await documents.bulkWrite(updatesOfOld);
    expect(await countsIn(store)).toEqual([1, 1, 1, 1]);
  });
});

describe.skipIf(server?.isOurs !== true)("a new index of a large collection", () => {
  it("holds up neither the start nor what does not need it", async () => {
    const uri = newDatabase();
    const created = aQuestion();
    const client = openClient(uri);
    await (await openStore(uri)).merge(entriesOf(created));
    await documentsOf(client).dropIndex("ended_by_age");
    const admin = client.db("admin");
    await admin.command({ configureFailPoint: "hangAfterStartingIndexBuild", mode: "alwaysOn" });
    const pending = { tenant: "default", statuses: ["pending"] } as const;
    const ended = { tenant: "default", statuses: ["decided"] } as const;
    try {
      const store = await openStore(uri);
      expect(await store.count(pending, 9)).toBe(1);
      await store.merge(entriesOf(created, aDecision(created)));
      await expect(store.count(ended, 9)).rejects.toThrow(Unavailable);
    } finally {
      await admin.command({ configureFailPoint: "hangAfterStartingIndexBuild", mode: "off" });
    }
    const store = await openStore(uri);
    await expect.poll(() => store.count(ended, 9).catch(() => "not yet")).toBe(1);
  });
});

describe.skipIf(server === undefined)("a stored request", () => {
  it("is found at the same cost among 1,000 as among 20,000", async () => {
    const uri = newDatabase();
    const store = await openStore(uri);
    const documents = documentsOf(openClient(uri));
    for (const total of [1_000, 20_000]) {
      await fill(store, total - (await documents.countDocuments()));
      for (const { page, ...given } of lists) {
        const filter = { tenant: "default", ...given };
        for (const arm of armsOf(filter, page)) {
          const { hint } = arm.options;
          const options = { sort: sortOf(page), ...arm.options, limit: 50 };
          const plan = await documents.find(arm.filter, options).explain("executionStats");
          expect(plan.executionStats, hint).toMatchObject({ nReturned: 50 });
          expect(plan.executionStats.totalDocsExamined, hint).toBeLessThanOrEqual(52);
          // A request that two of the principals may answer is met twice.
          const most = given.principals === undefined ? 54 : 110;
          expect(plan.executionStats.totalKeysExamined, hint).toBeLessThanOrEqual(most);
          expect(stagesIn(plan.executionStats)).not.toContain("SORT");
        }
      }
      const byId = documents.find({ _id: documentId(refOf(aQuestion())) }).explain("queryPlanner");
      expect((await byId).queryPlanner.winningPlan).toMatchObject({ stage: "IDHACK" });
    }
  });

  const at = (second: number) => new Date(1_800_000_000_000 + second * 1_000).toISOString();
  const behind = { order: "asc", after: { createdAt: at(400), id: "" } } as const;
  const [oldest, newest] = [{ order: "asc" }, { order: "desc" }] as const;
  const lists: readonly (Omit<ListFilter, "tenant"> & { page: Pick<ListPage, "order" | "after"> })[] = [
    { statuses: ["pending"], page: oldest },
    { statuses: ["pending"], page: behind },
    { statuses: ["pending"], sessionId: "s1", page: oldest },
    { statuses: ["pending"], clientId: "c1", page: oldest },
    { statuses: ["pending"], principals: ["group:a"], page: behind },
    { statuses: ["pending"], principals: ["group:a", "group:b", "web:nobody"], page: oldest },
    { statuses: ["cancelled"], page: newest },
    { statuses: ["pending", "decided", "expired", "cancelled"], page: newest },
    { statuses: ["decided", "expired", "cancelled"], principals: ["group:b", "group:a"], page: newest },
    { statuses: ["decided", "cancelled"], sessionId: "s1", page: newest },
    { statuses: ["decided", "cancelled"], clientId: "c1", page: newest },
    { statuses: ["decided", "cancelled"], decidedBy: "web:alice", page: newest },
  ];

  const stagesIn = (stats: object): readonly string[] =>
    Array.from(JSON.stringify(stats).matchAll(/"stage":"(\w+)"/g), ([, stage = ""]) => stage);

  /** Ten of twenty are decided, a third of these by Alice; there are ten sessions and ten clients. */
  async function fill(store: MongoRequestStore, count: number): Promise<void> {
    const batches = new MergeBatches(store, 60_000);
    const entries = Array.from({ length: count }, (_, n): ParsedEntry[] => {
      const responders = n % 3 === 0 ? ["group:a", "group:b"] : ["group:a", "web:alice"];
      const recipients = [{ channel: "web", endpoint: "web_inbox", responders }];
      const created = aQuestion({
        session: `s${n % 10}`,
        client: `c${n % 10}`,
        at: new Date(at(n)),
        recipients,
      });
      const decided = n % 3 === 1 ? aDecision(created, { by: "web:alice" }) : aCancellation(created);
      return entriesOf(created, ...(n % 20 < 10 ? [] : [decided]));
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
