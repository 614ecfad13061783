import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventKey, filters, requestPrefix, requestSubject } from "@loopgate/contracts";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { startSpecialNatsServer } from "@loopgate/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NatsStartupError, Unavailable } from "../src/index.ts";
import { bootstrapNats, connectNatsBus, type NatsBus, type NatsPermissions } from "../src/nats/index.ts";
import { publishedBy } from "../src/nats/connection/permissions.ts";
import { aFollower } from "./contract/support/follower.ts";
import { aRecorder } from "./contract/support/handler.ts";
import { aDue, anEvent, aRequest } from "./contract/support/events.ts";
import { busOptions, eventually } from "./contract/support/bus-under-test.ts";

/** The permissions of a service that uses everything in the bus, with one consumer. */
const enough = {
  publish: [
    "$JS.API.STREAM.INFO.*",
    "$JS.API.STREAM.MSG.GET.LOOPGATE_REQUESTS",
    "$JS.API.DIRECT.GET.LOOPGATE_REQUESTS",
    "loopgate.req.v1.>",
    "$JS.API.CONSUMER.DURABLE.CREATE.LOOPGATE_REQUESTS.worker",
    "$JS.API.CONSUMER.INFO.LOOPGATE_REQUESTS.worker",
    "$JS.API.CONSUMER.MSG.NEXT.LOOPGATE_REQUESTS.worker",
    "$JS.ACK.LOOPGATE_REQUESTS.worker.>",
    "$JS.ACK.*.*.LOOPGATE_REQUESTS.worker.>",
    "loopgate.timer.v1.>",
    "$JS.API.STREAM.PURGE.LOOPGATE_TIMERS",
    "$JS.API.STREAM.MSG.GET.KV_LOOPGATE_SESSIONS",
    "$KV.LOOPGATE_SESSIONS.>",
  ],
  subscribe: ["_INBOX_service.>", "loopgate.committed.v1.>"],
};

type Operation = keyof typeof enough;

const permissions = (["publish", "subscribe"] as const).flatMap((operation) =>
  enough[operation].map((subject) => ({ operation, subject })),
);

const folder = await mkdtemp(join(tmpdir(), "loopgate-permissions-"));
const server = await startServer();
const options = { ...busOptions, name: "service", retentionMs: 86_400_000, giveUpAfterMs: 2_000 };

/** Users: `all`, `enough`, and for each permission in `enough` one that lacks only it. */
async function startServer() {
  const users = [
    "{ user: all, password: x }",
    userWith("enough", () => true),
    ...permissions.map((lacking) =>
      userWith(
        without(lacking),
        (other) => other.operation !== lacking.operation || other.subject !== lacking.subject,
      ),
    ),
  ];
  const configFile = join(folder, "permissions.conf");
  await writeFile(configFile, `accounts { A { jetstream: enabled, users: [\n${users.join("\n")}\n] } }`);
  return startSpecialNatsServer({ configFile });
}

function without({ operation, subject }: (typeof permissions)[number]): string {
  return `without-${operation}-${Buffer.from(subject).toString("hex")}`;
}

function userWith(user: string, has: (permission: (typeof permissions)[number]) => boolean): string {
  const granted = (wanted: Operation) =>
    JSON.stringify(
      permissions.filter((one) => one.operation === wanted && has(one)).map(({ subject }) => subject),
    );
  return `{ user: "${user}", password: x, permissions: {
    publish: ${granted("publish")}, subscribe: ${granted("subscribe")} } }`;
}

const as = (user: string) => ({ ...options, servers: (server?.url ?? "").replace("//", `//${user}:x@`) });

beforeAll(async () => {
  if (server !== undefined) await bootstrapNats(as("all"));
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** Uses every feature of the bus once. */
async function doEverything(user: string): Promise<void> {
  await using bus = await connectNatsBus(as(user));
  const [ref, recorder] = [aRequest(), aRecorder()];
  const created = requestSubject(ref, eventKey.created);
  const heard = Promise.withResolvers<void>();
  await bus.log.append(created, anEvent(ref), { first: true });
  await bus.log.append(created, anEvent(ref), { first: true });
  await bus.log.below(requestPrefix(ref));
  await bus.log.tail([filters.decided], { onEntry: () => heard.resolve(), onGap: () => undefined });
  await using follower = aFollower(bus.log, (await bus.log.head()) - 1);
  await bus.log.append(requestSubject(ref, eventKey.decided), anEvent(ref));
  await heard.promise;
  await expect.poll(() => follower.entries.length, eventually).toBe(2);
  await bus.log.consume({ name: "worker", filters: [filters.created] }, recorder);
  const isHandled = () => recorder.seen.some(({ entry }) => entry.subject === created);
  // A pull that is denied fails no promise: the check reports it.
  await expect.poll(async () => isHandled() || !(await isOperable(bus)), eventually).toBe(true);
  await bus.timers.set(ref, "expiry", new Date(), aDue(ref, "due"));
  await bus.timers.cancel(ref, "expiry");
  const sessions = await bus.keyValue.bucket("sessions");
  const revision = await sessions.create(ref.id, "a");
  await sessions.get(ref.id);
  await sessions.delete(ref.id, revision ?? 0);
  await bus.check();
}

const isOperable = (bus: NatsBus): Promise<boolean> =>
  bus.check().then(
    () => true,
    () => false,
  );

describe.skipIf(server === undefined)("a user with the minimal permissions", () => {
  it("can do everything that the bus does", async () => {
    await expect(doEverything("enough")).resolves.toBeUndefined();
  });

  // The second form of the acknowledgement subject is for future server versions.
  const tested = permissions.filter(({ subject }) => !subject.startsWith("$JS.ACK.*"));

  it.each(tested)("is told that it lacks $operation to $subject", async (lacking) => {
    const failing = doEverything(without(lacking));
    await expect(failing).rejects.toThrow(Unavailable);
    await expect(failing).rejects.toThrow(
      `NATS does not permit this user to ${lacking.operation} to ${lacking.subject.replace(/[*>]$/, "")}`,
    );
  });

  it("is told to run the bootstrap if a stream is missing, which then creates only that", async () => {
    const admin = await connect({ servers: server?.url ?? "", user: "all", pass: "x" });
    const jsm = await jetstreamManager(admin);
    await jsm.streams.delete("KV_LOOPGATE_COPIES");
    await admin.close();

    const failing = connectNatsBus(as("enough"));

    await expect(failing).rejects.toThrow(NatsStartupError);
    await expect(failing).rejects.toThrow(
      "stream KV_LOOPGATE_COPIES is missing, and can't be created without the permission to publish to " +
        "$JS.API.STREAM.CREATE.KV_LOOPGATE_COPIES: run the bootstrap with a user that has it",
    );
    await bootstrapNats(as("all"));
    await doEverything("enough");
  });
});

describe.skipIf(server === undefined)("a start that declares its permissions", () => {
  const use: NatsPermissions = {
    appends: [filters.everyEvent],
    consumers: [{ name: "worker", filters: [filters.created] }],
    writes: ["sessions"],
    setsTimers: true,
  };

  it.each(publishedBy(use))("is refused without the permission to publish to %s", async (subject) => {
    const starting = connectNatsBus({ ...as(without({ operation: "publish", subject })), use });
    await expect(starting).rejects.toThrow(NatsStartupError);
    await expect(starting).rejects.toThrow(`to publish to ${subject}: grant it`);
  });

  it("names every missing permission", async () => {
    const starting = connectNatsBus({
      ...as("enough"),
      use: { ...use, reads: ["leases"], asksQueries: true },
    });
    await expect(starting).rejects.toThrow(
      "to publish to $JS.API.STREAM.MSG.GET.KV_LOOPGATE_LEASES, loopgate.rpc.v1.*: grant it",
    );
  });

  it("stores nothing on the server", async () => {
    await using fresh = await startServer();
    const on = (user: string) => ({
      ...as(user),
      servers: `nats://${user}:x@${new URL(fresh?.url ?? "").host}`,
    });
    await bootstrapNats(on("all"));
    await using admin = await connect({ servers: fresh?.url ?? "", user: "all", pass: "x" });
    const jsm = await jetstreamManager(admin);
    await using _bus = await connectNatsBus({ ...on("enough"), use });
    const streams = await jsm.streams.list().next();
    expect(streams.map(({ state }) => state.last_seq + state.consumer_count)).toEqual(streams.map(() => 0));
  });
});
