import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newRequestId } from "@loopgate/contracts";
import { MongoRequestStore } from "@loopgate/state/mongo";
import { startMongoServer, startOldNatsServer, startSpecialNatsServer } from "@loopgate/testing";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { MongoClient } from "mongodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runLoopgate } from "../harness/command.ts";
import { diagnose } from "../harness/doctor.ts";
import { textCanary } from "../harness/secret-scan.ts";

const parts = new AsyncDisposableStack();
afterAll(() => parts.disposeAsync());

const folder = await mkdtemp(join(tmpdir(), "loopgate-doctor-"));
parts.defer(() => rm(folder, { recursive: true }));

/** The findings that are not `ok`, but for what these tests leave unset: a bot. */
async function badWith(environment: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const { bad } = await diagnose(environment);
  return bad.filter((line) => !line.startsWith("warning bot: "));
}

/** The finding about a subject. */
async function lineOn(subject: string, environment: Readonly<Record<string, string>>) {
  const { lines } = await diagnose(environment);
  return lines.find((line) => line.includes(` ${subject}: `));
}

describe("the doctor finds at NATS", async () => {
  const configFile = join(folder, "users.conf");
  const of = (user: string, publish: string) =>
    `{ user: ${user}, password: x, permissions: { publish: ["${publish}"], subscribe: ["_INBOX_${user}.>"] } }`;
  const restricted = [of("state", "$JS.API.STREAM.INFO.*"), of("gateway", "loopgate.>")];
  const users = ["{ user: all, password: x }", ...restricted].join("\n");
  await writeFile(configFile, `accounts { A { jetstream: enabled, users: [\n${users}\n] } }`);
  const server = await startSpecialNatsServer({ configFile });
  if (server !== undefined) parts.use(server);

  const as = (user: string) => ({ NATS_URL: (server?.url ?? "").replace("//", `//${user}:x@`) });
  let connection: NatsConnection;
  beforeAll(async () => {
    if (server === undefined) return;
    connection = await connect({ servers: server.url, user: "all", pass: "x" });
    parts.defer(() => connection.close());
  });

  describe.skipIf(server === undefined)("with JetStream", () => {
    it("streams and buckets that are missing; and none after the bootstrap", async () => {
      expect(await badWith(as("all"))).toEqual([
        expect.stringMatching(
          /^problem nats: LOOPGATE_REQUESTS, .*KV_LOOPGATE_WEB_SESSIONS missing: run `loopgate bootstrap`/,
        ),
      ]);
      expect((await runLoopgate(["bootstrap"], as("all"))).code).toBe(0);
      expect(await lineOn("nats", as("all"))).toMatch(
        /^ok nats: NATS 2\.\d+\.\d+ has the required streams and buckets/,
      );
      expect(await lineOn("nats", as("state"))).toContain("this user may not see the backlogs");
    });

    it("streams with other settings, all at once", async () => {
      const bad = await badWith({ ...as("all"), LOOPGATE_LOG_RETENTION_DAYS: "120" });
      expect(bad).toHaveLength(4);
      expect(bad[0]).toMatch(
        /^problem nats: stream LOOPGATE_REQUESTS: max_age is 7776000 s, .*: run the bootstrap/,
      );
    });

    it("a refused login and a missing permission", async () => {
      const { NATS_URL } = as("all");
      expect(await badWith({ NATS_URL: NATS_URL.replace(":x@", `:${textCanary}@`) })).toEqual([
        expect.stringContaining("problem nats: NATS refuses the credentials: check"),
      ]);
      expect(await badWith(as("gateway"))).toEqual([
        expect.stringMatching(
          /^problem nats: NATS does not permit this user to publish to \$JS\.API\.STREAM\.INFO\..*: grant it/,
        ),
      ]);
    });

    it("dead letters, and what waits for a service that does not run", async () => {
      const config = { durable_name: "state-projection", ack_policy: "explicit" };
      const creation = JSON.stringify({ stream_name: "LOOPGATE_REQUESTS", config });
      await connection.request(
        "$JS.API.CONSUMER.DURABLE.CREATE.LOOPGATE_REQUESTS.state-projection",
        creation,
      );
      await connection.request(`loopgate.req.v1.default.${newRequestId()}.created`, textCanary);
      await connection.request("loopgate.dlq.v1.state-projection", textCanary);
      expect(await badWith(as("all"))).toEqual([
        expect.stringContaining(
          "warning nats: 1 dead letters are stored: `loopgate dead-letters` lists them",
        ),
        expect.stringContaining(
          "warning nats: 1 entries wait for state-projection, and no service reads them",
        ),
      ]);
    });
  });

  it("a server that is too old, and none", async () => {
    await using old = await startOldNatsServer("2.9.10");
    expect(await badWith({ NATS_URL: old.url })).toEqual([
      expect.stringContaining(
        "problem nats: the NATS server is 2.9.10, and timers need 2.12 or newer: upgrade",
      ),
    ]);
    expect(await badWith({ NATS_URL: "nats://127.0.0.1:1" })).toEqual([
      expect.stringContaining("problem nats: no NATS server answers at 127.0.0.1:1"),
    ]);
  });

  it.each([
    ["a host name that does not resolve", "nats://nowhere.invalid", "can't be resolved"],
    ["a password that breaks the address", `nats://me:1/${textCanary}@localhost`, "percent-encode"],
    ["another password that does", `nats://me:1%${textCanary}@localhost`, "percent-encode"],
  ])("%s", async (_, NATS_URL, message) => {
    expect(await badWith({ NATS_URL })).toEqual([expect.stringContaining(message)]);
  });
});

describe("the doctor finds at MongoDB", async () => {
  const [server, standalone] = await Promise.all([
    startMongoServer(),
    startMongoServer({ standalone: true }),
  ]);
  for (const one of [server, standalone]) if (one !== undefined) parts.use(one);
  const uri = server?.newDatabase() ?? "";
  const client = new MongoClient(uri || "mongodb://127.0.0.1:1");
  parts.defer(() => client.close());
  const withUser = (user: string) => uri.replace("//", `//${user}@`);

  // A doctor needs a data directory of its own where there is no NATS.
  const bad = (uri: string) => badWith({ MONGODB_URI: uri, HOME: folder });

  it.skipIf(server === undefined)("indexes that are missing, or have other keys", async () => {
    expect(await bad(uri)).toEqual([
      expect.stringMatching(
        /^warning mongodb: missing indexes \(pending_by_age, .*, by_words\): the state service creates them when it starts$/,
      ),
    ]);
    await (await MongoRequestStore.open(uri))[Symbol.asyncDispose]();
    expect(await lineOn("mongodb", { MONGODB_URI: uri, HOME: folder })).toMatch(/^ok mongodb: MongoDB \d/);
    const requests = client.db().collection("requests");
    await requests.dropIndex("pending_by_age");
    await requests.dropIndex("pending_by_client");
    await requests.createIndex({ elsewhere: 1 }, { name: "pending_by_client" });
    expect(await bad(uri)).toEqual([
      expect.stringContaining(
        "problem mongodb: index pending_by_client has other keys than this version needs",
      ),
      expect.stringContaining("warning mongodb: missing indexes (pending_by_age): "),
    ]);
  });

  it.skipIf(server === undefined)("a user that is wrong, and one that may only read", async () => {
    expect(await bad(withUser(`nobody:${textCanary}`))).toEqual([
      expect.stringContaining("problem mongodb: MongoDB refuses the user of MONGODB_URI: check"),
    ]);
    await client.db().command({ createUser: "reader", pwd: textCanary, roles: ["read"] });
    expect(await bad(withUser(`reader:${textCanary}`))).toContain(
      "problem mongodb: the user lacks rights (insert, update, createIndex): grant readWrite on the database that MONGODB_URI names",
    );
  });

  it.skipIf(standalone === undefined)("a server without a replica set", async () => {
    expect(await bad(standalone?.newDatabase() ?? "")).toEqual([
      expect.stringContaining("problem mongodb: MongoDB is no replica set"),
    ]);
  });

  it.skipIf(server === undefined).each<[string, () => string, string]>([
    ["a host name that does not resolve", () => "mongodb://nowhere.invalid/loopgate", "can't be resolved"],
    ["a service name that does not", () => "mongodb+srv://nowhere.invalid/loopgate", "can't be resolved"],
    [
      "TLS where there is none",
      () => `${uri}&tls=true`,
      "problem mongodb: MongoDB ends the connection before TLS",
    ],
    [
      "a missing tlsCAFile",
      () => `${uri}&tls=true&tlsCAFile=/nowhere`,
      "problem mongodb: a file that MONGODB_URI names",
    ],
    ["a password that breaks it", () => `mongodb://me:1/${textCanary}@localhost/loopgate`, "percent-encoded"],
  ])("%s", async (_, uri, message) => {
    expect(await bad(uri())).toEqual([expect.stringContaining(message)]);
  });

  it("settings that can't be read", async () => {
    expect(await bad("http://localhost/loopgate")).toEqual([
      expect.stringContaining("problem configuration: MONGODB_URI: is no connection string"),
    ]);
    expect(await badWith({ MONGODB_URI_FILE: "/nowhere/uri", HOME: folder })).toEqual([
      expect.stringContaining("problem configuration: MONGODB_URI_FILE names a file that can't be read"),
      expect.stringContaining("MONGODB_URI: is missing"),
    ]);
  });

  it("none", async () => {
    expect(await bad(`mongodb://nobody:${textCanary}@127.0.0.1:1/loopgate`)).toEqual([
      expect.stringContaining("problem mongodb: MongoDB is away: see whether it runs"),
    ]);
  });
});
