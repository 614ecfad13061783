import { startNatsServer } from "@loopgate/testing";
import { afterAll, describe, expect, it } from "vitest";
import type { BusObserver } from "../src/index.ts";
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
  it("deletes no key by a wildcard", async () => {
    await using bus = await connectNatsBus(options);
    const sessions = await bus.keyValue.bucket("sessions");
    const { id } = aRequest();
    await sessions.create(`${id}.1`, "kept");
    await expect(sessions.delete(`${id}.*`, 1)).rejects.toThrow("not a key");
    expect((await sessions.get(`${id}.1`))?.value).toBe("kept");
  });
});
