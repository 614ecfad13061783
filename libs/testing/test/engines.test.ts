import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { MongoClient } from "mongodb";
import { afterAll, describe, expect, it } from "vitest";
import { startMongoServer, startNatsCluster, startNatsServer } from "../src/index.ts";

const mongo = await startMongoServer();
afterAll(() => mongo?.[Symbol.asyncDispose]());

describe.skipIf(mongo?.isOurs !== true)("a MongoDB server", () => {
  it("keeps what it acknowledged over a kill, and answers nothing while it is frozen", async () => {
    if (mongo === undefined) return;
    const database = mongo.newDatabase();
    await using client = new MongoClient(database);
    await using impatient = new MongoClient(database, { socketTimeoutMS: 200, retryReads: false });
    const things = client.db().collection<{ _id: number }>("things");
    await things.insertOne({ _id: 1 }, { writeConcern: { w: "majority", journal: true } });
    await mongo.kill();
    await mongo.restart();
    expect(await things.countDocuments()).toBe(1);

    await expect.poll(() => impatient.db().command({ ping: 1 }).catch(String)).toMatchObject({ ok: 1 });
    await mongo.freeze();
    await expect(impatient.db().command({ ping: 1 })).rejects.toThrow("timed out");
    await mongo.thaw();
    expect(await things.countDocuments()).toBe(1);
  });

  it("returns a new database at each call", () => {
    expect(mongo?.newDatabase()).not.toBe(mongo?.newDatabase());
  });
});

const nats = await startNatsServer();
await nats?.[Symbol.asyncDispose]();

describe.skipIf(nats?.isOurs !== true)("NATS servers", () => {
  it("form a cluster of three", async () => {
    await using cluster = await startNatsCluster();
    expect(cluster?.urls).toHaveLength(3);
    await cluster?.servers[0]?.restart();
    expect(await Promise.all((cluster?.urls ?? []).map(answers))).toEqual([true, true, true]);
  });

  it("end with the process that started them, also when that is killed", async () => {
    // In Docker it is the library's reaper that does this.
    const starter = startNatsElsewhere({ DOCKER_HOST: "unix:///nowhere" });
    const [url] = await once(starter.stdout, "data");
    expect(await answers(String(url))).toBe(true);
    starter.kill("SIGKILL");
    await expect.poll(() => answers(String(url))).toBe(false);
  });
});

describe("where there is no server to be had", () => {
  const bare = { PATH: "/nowhere", XDG_CACHE_HOME: "/nowhere", NATS_URL: "" };

  it("CI fails and says what to do", async () => {
    const starter = startNatsElsewhere({ ...bare, CI: "true" });
    const [said] = await Promise.all([text(starter.stderr), once(starter, "exit")]);
    expect(said).toContain("Error: no NATS server for the tests: set NATS_URL, or");
    expect(starter.exitCode).toBe(1);
  });

  it("a person is told, loudly, and goes on without", async () => {
    const starter = startNatsElsewhere({ ...bare, CI: "" });
    const [[url], [said]] = await Promise.all([once(starter.stdout, "data"), once(starter.stderr, "data")]);
    starter.kill("SIGKILL");
    expect(String(url)).toBe("undefined\n");
    expect(String(said)).toContain("SKIPPED: no NATS server for the tests: set NATS_URL, or");
  });
});

/** A process that starts a server and says where. */
function startNatsElsewhere(environment: NodeJS.ProcessEnv) {
  const script = fileURLToPath(new URL("engine-processes/start-nats.ts", import.meta.url));
  const env = { ...process.env, ...environment };
  return spawn(process.execPath, [script], { env, stdio: ["ignore", "pipe", "pipe"] });
}

async function answers(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
