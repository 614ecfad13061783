import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventKey, filters, requestPrefix, requestSubject } from "@loopgate/contracts";
import { freePorts, haveOwnEngines, startSpecialNatsServer } from "@loopgate/testing";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NatsStartupError } from "../src/index.ts";
import { bootstrapNats, connectNatsBus, inspectNats } from "../src/nats/index.ts";
import { aDue, anEvent, aRequest, copySubject, everythingOf } from "./contract/support/events.ts";
import { aRecorder } from "./contract/support/handler.ts";
import { aConsumerName, busOptions, eventually } from "./contract/support/bus-under-test.ts";

const hasServer = await haveOwnEngines();
const folder = await mkdtemp(join(tmpdir(), "loopgate-domain-"));
const parts = new AsyncDisposableStack();
parts.defer(() => rm(folder, { recursive: true }));
afterAll(() => parts.disposeAsync());

async function serverWith(name: string, configuration: string, jetStream = true): Promise<string> {
  const configFile = join(folder, name);
  await writeFile(configFile, configuration);
  return parts.use((await startSpecialNatsServer({ configFile, jetStream }))!).url;
}

/** A hub that has the streams, and a leaf node without JetStream that services connect to. */
let hub: string;
let leaf: string;
beforeAll(async () => {
  if (!hasServer) return;
  const [port = 0] = await freePorts(1);
  hub = await serverWith(
    "hub.conf",
    `server_name: hub, jetstream: { domain: hub }
     leafnodes { port: ${port} }`,
  );
  const user = (name: string, publish: readonly string[]) =>
    `{ user: ${name}, password: x, permissions: { publish: ${JSON.stringify(publish)}, subscribe: ["_INBOX_${name}.>", "loopgate.>"] } }`;
  const users = [
    "{ user: all, password: x }",
    user("right", ["$JS.hub.API.>", "$JS.ACK.>", "loopgate.>"]),
    user("wrong", ["$JS.API.>", "$JS.ACK.>", "$KV.>", "loopgate.>"]),
  ];
  leaf = await serverWith(
    "leaf.conf",
    `server_name: leaf
     accounts { A { users: [${users.join(", ")}] } }
     leafnodes { remotes: [{ url: "nats://127.0.0.1:${port}", account: A }] }`,
    false,
  );
});

const as = (user: string) => leaf.replace("//", `//${user}:x@`);
const options = { ...busOptions, retentionMs: 86_400_000, giveUpAfterMs: 5_000, domain: "hub" };

describe.skipIf(!hasServer)("the streams of a domain behind a leaf node", () => {
  it("are created there, and everything works through the leaf node", async () => {
    const access = { ...options, servers: as("all"), name: "all" };
    await expect
      .poll(
        () =>
          bootstrapNats(access).then(
            () => "there",
            (error: Error) => error.message,
          ),
        eventually,
      )
      .toBe("there");
    await using bus = await connectNatsBus(access);
    const [ref, recorder, due] = [aRequest(), aRecorder(), aRecorder()];
    const heard: string[] = [];
    const listener = {
      onEntry: ({ subject }: { subject: string }) => heard.push(subject),
      onGap: () => undefined,
    };
    await using _tail = await bus.log.tail([everythingOf(ref)], listener);
    await using _consumer = await bus.log.consume(
      { name: aConsumerName(), filters: [everythingOf(ref)] },
      recorder,
    );
    await using _due = await bus.log.consume({ name: aConsumerName(), filters: [filters.due] }, due);

    const subject = requestSubject(ref, eventKey.created);
    expect((await bus.log.append(subject, anEvent(ref), { first: true, reserveHeadroom: true })).kind).toBe(
      "stored",
    );
    expect((await bus.log.append(subject, anEvent(ref), { first: true })).kind).toBe("lost");
    await bus.log.append(copySubject(ref, 1), anEvent(ref));
    expect(await bus.log.below(requestPrefix(ref))).toHaveLength(2);
    await expect
      .poll(() => new Set(recorder.seen.map(({ entry }) => entry.subject)).size, eventually)
      .toBe(2);
    await expect.poll(() => heard, eventually).toHaveLength(2);
    await bus.timers.set(ref, "expiry", new Date(), aDue(ref, "due"));
    await expect.poll(() => due.seen, eventually).toHaveLength(1);
    const sessions = await bus.keyValue.bucket("sessions");
    const revision = (await sessions.create("a", "1"))!;
    expect(await sessions.update("a", "2", revision)).toBeDefined();
    expect((await sessions.get("a"))?.value).toBe("2");
    expect(await sessions.create("a", "3")).toBeUndefined();
    await bus.check();
    await bus.checkRoom();

    const connection = await connect({ servers: hub });
    const stream = await (await jetstreamManager(connection)).streams.info("LOOPGATE_REQUESTS");
    expect(stream.state.messages).toBe(2);
    await connection.close();
  });

  it("are inspected there, and missing without the setting", async () => {
    const { domain: _, ...without } = options;
    const found = await inspectNats({ ...options, servers: as("all") }, ["operator"]);
    expect(found).toMatchObject({ missing: [], differences: [] });
    await expect(inspectNats({ ...without, servers: as("all") }, ["operator"])).rejects.toThrow("JetStream");
  });

  it("need permissions of the domain, which are named if they are missing", async () => {
    const use = {
      appends: [filters.created],
      consumers: [{ name: "one", filters: [filters.created] }],
      writes: ["sessions"],
      setsTimers: true,
    } as const;
    await using bus = await connectNatsBus({ ...options, servers: as("right"), name: "right", use });
    await bus.check();
    const refused = connectNatsBus({ ...options, servers: as("wrong"), name: "wrong", use });
    await expect(refused).rejects.toThrow("$JS.hub.API.");
  });
});

it.skipIf(!hasServer)("a domain that does not exist is named", async () => {
  const access = { ...options, giveUpAfterMs: 500, servers: as("all"), name: "none", domain: "elsewhere" };
  const refused = connectNatsBus(access);
  await expect(refused).rejects.toThrow("JetStream does not answer");
  await expect(refused).rejects.toThrow("check NATS_JS_DOMAIN");
  await expect(refused).rejects.not.toThrow(NatsStartupError);
});
