import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LoginRefused } from "@loopgate/bus";
import { MongoClient } from "mongodb";
import { afterAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { MongoOptions } from "../src/store/mongo-connection.ts";
import { MongoRequestStore } from "../src/store/mongo.ts";
import { mongoOfFile } from "./support/mongo.ts";

const server = await mongoOfFile();
const folder = await mkdtemp(join(tmpdir(), "loopgate-mongo-rotation-"));
afterAll(() => rm(folder, { recursive: true }));

const uriFile = join(folder, "uri");
const soon = { interval: 20 };

/** A server without `--auth` asks no client for a login, and verifies one that it is given. */
let database: string;
beforeEach(() => {
  database = server?.newDatabase() ?? "";
});

const as = (login: string) => database.replace("//", `//${login}@`);
const writeUri = (login: string) => writeFile(uriFile, `${as(login)}\n`);

async function administer(command: Record<string, unknown>): Promise<void> {
  await using admin = new MongoClient(database);
  await admin.db().command(command);
}
const createUser = (user: string, pwd: string) => administer({ createUser: user, pwd, roles: ["readWrite"] });

async function open(options: MongoOptions = {}): Promise<MongoRequestStore> {
  const store = await MongoRequestStore.open({ uri: as("me:at-the-start"), uriFile }, options);
  onTestFinished(() => store[Symbol.asyncDispose]());
  return store;
}

const stateOf = (store: MongoRequestStore) =>
  store.check().then(
    () => "ready",
    (error: Error) => error.message,
  );

describe.skipIf(server?.isOurs !== true)("a rotated password of MongoDB", () => {
  it("that the server knows before the file does is refused, named at once, and then used", async () => {
    await createUser("me", "old");
    await writeUri("me:old");
    const reasons: string[] = [];
    const ends: string[] = [];
    const store = await open({
      onDisconnected: ({ message }) => reasons.push(message),
      onReconnected: () => ends.push("there"),
    });
    await administer({ updateUser: "me", pwd: "new" });
    await server?.restart();
    await expect.poll(() => stateOf(store), soon).toContain("MongoDB refuses the user of MONGODB_URI");
    const refusals = () => reasons.filter((reason) => reason.includes("refuses the user"));
    await expect.poll(refusals, soon).toHaveLength(1);

    await writeUri("me:new");
    await expect.poll(() => stateOf(store), soon).toBe("ready");
    expect(ends).toEqual(["there"]);
    expect(await store.count({ tenant: "default", statuses: ["pending"] }, 1)).toBe(0);
    expect(refusals()).toHaveLength(1);
  });

  it("that the file has before the server does is used when the server restarts", async () => {
    await createUser("me", "old");
    await writeUri("me:old");
    const store = await open();
    await writeUri("me:new");
    await administer({ updateUser: "me", pwd: "new" });
    await server?.restart();
    await expect.poll(() => stateOf(store), soon).toBe("ready");
  });

  it("goes with a user of another name, also when the old one is dropped under an open connection", async () => {
    await createUser("me", "old");
    await writeUri("me:old");
    const store = await open();
    await createUser("other", "p@ss");
    await administer({ dropUser: "me" });
    await writeUri("other:p%40ss");
    await server?.restart();
    await expect.poll(() => stateOf(store), soon).toBe("ready");
  });

  it("that never arrives in the file ends the process after its patience, not sooner", async () => {
    await createUser("me", "old");
    await writeUri("me:old");
    const { promise: refused, resolve } = Promise.withResolvers<LoginRefused>();
    const store = await open({ onLoginRefused: resolve, loginPatienceMs: 2_500 });
    await administer({ updateUser: "me", pwd: "new" });
    await server?.restart();
    await expect.poll(() => stateOf(store), soon).toContain("refuses the user");
    const since = performance.now();
    expect((await refused).message).toContain("refuses the user");
    expect(performance.now() - since).toBeGreaterThan(1_500);
  });

  it("is read anew by each start", async () => {
    await createUser("me", "right");
    await writeUri("me:wrong");
    await expect(open()).rejects.toThrow(LoginRefused);
    await writeUri("me:right");
    expect(await stateOf(await open())).toBe("ready");
  });

  it("in a file that is gone for a moment does not end the connection", async () => {
    await createUser("me", "at-the-start");
    await writeUri("me:at-the-start");
    const store = await open();
    await rm(uriFile);
    await server?.restart();
    await expect.poll(() => stateOf(store), soon).toBe("ready");
  });
});
