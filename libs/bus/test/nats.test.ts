import { connect } from "@nats-io/transport-node";
import { jetstreamManager } from "@nats-io/jetstream";
import { startNatsServer } from "@loopgate/testing";
import { afterAll, describe, expect, it } from "vitest";
import { type BusObserver, Unavailable } from "../src/index.ts";
import { aRequest } from "./contract/an-event.ts";
import { bootstrapNats, connectNatsBus } from "../src/nats/index.ts";
import { busOptions, type BusUnderTest } from "./contract/bus-under-test.ts";
import { consumerContract } from "./contract/consumer.contract.ts";
import { eventLogContract } from "./contract/event-log.contract.ts";
import { keyValueContract } from "./contract/key-value.contract.ts";
import { observerContract } from "./contract/observer.contract.ts";
import { timersContract } from "./contract/timers.contract.ts";

const server = await startNatsServer();
const options = {
  ...busOptions,
  servers: server?.url ?? "",
  name: "contract",
  retentionMs: 90 * 86_400_000,
  stopWithinMs: 200,
};
if (server !== undefined) await bootstrapNats(options);
afterAll(() => server?.[Symbol.asyncDispose]());

async function open(observer?: BusObserver): Promise<BusUnderTest> {
  const bus = await connectNatsBus({ ...options, ...(observer === undefined ? {} : { observer }) });
  const { log, timers, keyValue } = bus;
  const close = async () => bus[Symbol.asyncDispose]();
  const reopen = async () => {
    await close();
    return open(observer);
  };
  return { log, timers, keyValue, close, reopen };
}

describe.skipIf(server === undefined)("over NATS", () => {
  eventLogContract(open);
  consumerContract(open);
  timersContract(open);
  keyValueContract(open);
  observerContract(open);
});

describe.skipIf(server === undefined)("a NATS server", () => {
  it("is bootstrapped again without a change", async () => {
    const before = await configurations();

    await bootstrapNats(options);

    expect(await configurations()).toEqual(before);
    expect(before).toHaveLength(8);
  });

  it("that is configured otherwise is refused, by the stream's name and the setting", async () => {
    const retentionMs = 80 * 86_400_000;
    await expect(connectNatsBus({ ...options, retentionMs })).rejects.toThrow(
      "stream LOOPGATE_REQUESTS: max_age",
    );
    const lifetimes = { ...busOptions.lifetimes, leases: 5_000 };
    await expect(connectNatsBus({ ...options, lifetimes })).rejects.toThrow(
      "stream KV_LOOPGATE_LEASES: max_age",
    );
  });

  it("takes another retention from the next bootstrap, buckets included, and keeps their values", async () => {
    const longer = {
      ...options,
      retentionMs: 120 * 86_400_000,
      lifetimes: { ...busOptions.lifetimes, copies: 120 * 86_400_000 },
    };
    await using before = await connectNatsBus(options);
    const key = aRequest().id;
    await (await before.keyValue.bucket("copies")).create(key, "kept");
    await bootstrapNats(longer);
    await using after = await connectNatsBus(longer);
    expect((await (await after.keyValue.bucket("copies")).get(key))?.value).toBe("kept");
    await bootstrapNats(options);
  });

  it("deletes no key by a wildcard", async () => {
    await using bus = await connectNatsBus(options);
    const sessions = await bus.keyValue.bucket("sessions");
    const { id } = aRequest();
    await sessions.create(`${id}.1`, "kept");
    await expect(sessions.delete(`${id}.*`, 1)).rejects.toThrow("not a key");
    expect((await sessions.get(`${id}.1`))?.value).toBe("kept");
  });

  it("that is not there is Unavailable", async () => {
    const nowhere = { ...options, servers: "nats://127.0.0.1:1" };
    await expect(connectNatsBus(nowhere)).rejects.toThrow(Unavailable);
    await expect(bootstrapNats(nowhere)).rejects.toThrow(Unavailable);
  });
});

/** What the server holds of every stream, with when it was created and without what grows. */
async function configurations(): Promise<unknown[]> {
  const connection = await connect({ servers: options.servers });
  try {
    const streams = await (await jetstreamManager(connection)).streams.list().next();
    return streams
      .filter(({ config }) => config.name.includes("LOOPGATE_"))
      .map(({ config, created }) => ({ config, created }))
      .sort((a, b) => a.config.name.localeCompare(b.config.name));
  } finally {
    await connection.close();
  }
}
