import { jetstreamManager, type JetStreamManager, type StreamConfig } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { startNatsServer } from "@loopgate/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NatsStartupError } from "../src/index.ts";
import { bootstrapNats, connectNatsBus, type NatsBusOptions } from "../src/nats/index.ts";
import { aRequest } from "./contract/support/events.ts";
import { busOptions } from "./contract/support/bus-under-test.ts";

const DAY_MS = 86_400_000;
const server = await startNatsServer();
const isOurs = server?.isOurs === true;
const options = { ...busOptions, servers: server?.url ?? "", name: "provision", retentionMs: 90 * DAY_MS };
const daysInNanos = (days: number) => days * DAY_MS * 1e6;

let connection: NatsConnection;
let jsm: JetStreamManager;
beforeAll(async () => {
  if (!isOurs) return;
  connection = await connect({ servers: options.servers });
  jsm = await jetstreamManager(connection);
});
afterAll(async () => {
  await connection?.close();
  await server?.[Symbol.asyncDispose]();
});

/** The configuration and creation time of every stream. */
async function configurations(): Promise<{ config: StreamConfig; created: string }[]> {
  const streams = await jsm.streams.list().next();
  return streams
    .map(({ config, created }) => ({ config, created }))
    .sort((a, b) => a.config.name.localeCompare(b.config.name));
}

const start = async (changes: Partial<NatsBusOptions> = {}) => {
  await using bus = await connectNatsBus({ ...options, ...changes });
  await bus.check();
};

describe.skipIf(!isOurs)("a service that starts", () => {
  it("creates what is missing, also when several start at the same time", async () => {
    await Promise.all(Array.from({ length: 8 }, () => start()));

    const created = await configurations();
    expect(created.map(({ config }) => config.name)).toEqual([
      "KV_LOOPGATE_CHANNELS",
      "KV_LOOPGATE_COPIES",
      "KV_LOOPGATE_DEPARTURES",
      "KV_LOOPGATE_LEASES",
      "KV_LOOPGATE_PEOPLE",
      "KV_LOOPGATE_SESSIONS",
      "KV_LOOPGATE_WEB_CODES",
      "KV_LOOPGATE_WEB_SESSIONS",
      "LOOPGATE_CHANNEL",
      "LOOPGATE_DLQ",
      "LOOPGATE_REQUESTS",
      "LOOPGATE_TIMERS",
    ]);
    await start();
    await bootstrapNats(options);
    expect(await configurations()).toEqual(created);
  });

  it("accepts larger limits than it needs, and does not change them", async () => {
    await jsm.streams.update("LOOPGATE_REQUESTS", {
      max_age: daysInNanos(120),
      max_bytes: 50_000_000,
      description: "ours",
    });
    await jsm.streams.update("LOOPGATE_CHANNEL", { max_age: 0 });
    const before = await configurations();

    await start();
    await start({ lifetimes: { ...options.lifetimes, leases: 1_000 } });

    expect(await configurations()).toEqual(before);
    await bootstrapNats(options);
    expect((await jsm.streams.info("LOOPGATE_REQUESTS")).config).toMatchObject({
      max_age: daysInNanos(90),
      max_bytes: 50_000_000,
      description: "ours",
    });
    await jsm.streams.update("LOOPGATE_REQUESTS", { max_bytes: -1 });
  });

  it.each([
    [
      "LOOPGATE_REQUESTS",
      { max_age: daysInNanos(80) },
      "max_age is 6912000 s, but must be at least 7776000 s",
    ],
    ["LOOPGATE_REQUESTS", { discard: "old" }, 'discard is "old", but must be "new"'],
    ["LOOPGATE_REQUESTS", { republish: undefined }, "republish is not set, but must be {"],
    ["LOOPGATE_REQUESTS", { allow_direct: false }, "allow_direct is false, but must be true"],
    ["LOOPGATE_REQUESTS", { max_msgs: 1_000_000 }, "max_msgs is 1000000, but must be -1"],
    ["LOOPGATE_REQUESTS", { subjects: ["loopgate.req.v1.>", "else"] }, "subjects is"],
    ["LOOPGATE_CHANNEL", { max_bytes: 1_000_000 }, "max_bytes is 1000000, but must be -1"],
    ["LOOPGATE_CHANNEL", { max_msgs_per_subject: 9 }, "max_msgs_per_subject is 9, but must be -1"],
    ["LOOPGATE_CHANNEL", { duplicate_window: 1e9 }, "duplicate_window is 1 s, but must be at least 90000 s"],
    ["KV_LOOPGATE_SESSIONS", { max_age: 3e11 }, "max_age is 300 s, but must be unlimited"],
    [
      "KV_LOOPGATE_LEASES",
      { max_age: 1e9, duplicate_window: 1e9 },
      "max_age is 1 s, but must be at least 2 s",
    ],
    ["KV_LOOPGATE_LEASES", { allow_direct: true }, "allow_direct is true, but must be false"],
  ] as const)("rejects %s with %o, by name, and the bootstrap fixes it", async (stream, change, problem) => {
    await jsm.streams.update(stream, change as Partial<StreamConfig>);

    const starting = start();

    await expect(starting).rejects.toThrow(NatsStartupError);
    await expect(starting).rejects.toThrow(`stream ${stream}: ${problem}`);
    await expect(starting).rejects.toThrow("run the bootstrap");
    await bootstrapNats(options);
    await start();
  });

  it("reports what the server refuses permanently", async () => {
    await expect(start({ replicas: 3 })).rejects.toThrow("num_replicas is 1, but must be at least 3");
    await expect(bootstrapNats({ ...options, replicas: 3 })).rejects.toThrow(
      /stream LOOPGATE_REQUESTS can't be changed to the settings given \(replicas > 1 .*\): check the limits/,
    );
  });
});

describe.skipIf(!isOurs)("the bootstrap", () => {
  it("changes the lifetime of a bucket, and keeps its values", async () => {
    await using bus = await connectNatsBus(options);
    const key = aRequest().id;
    const copies = await bus.keyValue.bucket("copies");
    await copies.create(key, "kept");

    const lifetimes = { ...options.lifetimes, copies: 120 * DAY_MS };
    await bootstrapNats({ ...options, lifetimes });

    expect((await jsm.streams.info("KV_LOOPGATE_COPIES")).config.max_age).toBe(daysInNanos(120));
    expect((await copies.get(key))?.value).toBe("kept");
  });
});
