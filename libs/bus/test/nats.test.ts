import { startNatsServer, type NatsServer } from "@loopgate/testing";
import { requestPrefix, requestSubject } from "@loopgate/contracts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Unavailable } from "../src/index.ts";
import { bootstrapNats, connectNatsBus } from "../src/nats/index.ts";
import { anEvent, aRequest } from "./contract/an-event.ts";
import { busOptions, type BusUnderTest } from "./contract/bus-under-test.ts";
import { consumerContract } from "./contract/consumer.contract.ts";
import { eventLogContract } from "./contract/event-log.contract.ts";
import { keyValueContract } from "./contract/key-value.contract.ts";
import { timersContract } from "./contract/timers.contract.ts";

let server: NatsServer;
const options = () => ({
  ...busOptions,
  servers: server.url,
  name: "contract",
  retentionMs: 90 * 86_400_000,
});

beforeAll(async () => {
  server = await startNatsServer();
  await bootstrapNats(options());
});
afterAll(() => server[Symbol.asyncDispose]());

async function open(): Promise<BusUnderTest> {
  const bus = await connectNatsBus(options());
  const { log, timers, keyValue } = bus;
  const close = async () => bus[Symbol.asyncDispose]();
  return {
    log,
    timers,
    keyValue,
    close,
    reopen: async () => {
      await close();
      return open();
    },
  };
}

eventLogContract(open);
consumerContract(open);
timersContract(open);
keyValueContract(open);

describe("NATS", () => {
  it("is bootstrapped again without a change", async () => {
    await bootstrapNats(options());
    await using _ = await connectNatsBus(options());
  });

  it("that is configured otherwise is refused, by the stream's name and the setting", async () => {
    const other = { ...options(), retentionMs: 80 * 86_400_000 };
    await expect(connectNatsBus(other)).rejects.toThrow("stream LOOPGATE_REQUESTS: max_age");
    const lifetimes = { ...busOptions.lifetimes, leases: 5_000 };
    await expect(connectNatsBus({ ...options(), lifetimes })).rejects.toThrow("bucket LOOPGATE_LEASES");
  });

  it("that is not there is Unavailable", async () => {
    await expect(connectNatsBus({ ...options(), servers: "nats://127.0.0.1:1" })).rejects.toThrow(
      Unavailable,
    );
  });

  it("killed and restarted amid appends loses and doubles nothing, and says that the tail has a gap", async () => {
    await using own = await startNatsServer();
    const mine = { ...options(), servers: own.url };
    await bootstrapNats(mine);
    await using bus = await connectNatsBus(mine);
    const gap = Promise.withResolvers<void>();
    const filter = "loopgate.req.v1.*.*.created";
    await using _ = await bus.log.tail([filter], { onEntry: () => undefined, onGap: () => gap.resolve() });
    const events = Array.from({ length: 300 }, () => aRequest()).map((ref) => ({ ref, event: anEvent(ref) }));
    const append = ({ ref, event }: (typeof events)[number]) =>
      bus.log.append(requestSubject(ref, "created"), event, { first: true });
    const appends = events.slice(0, 150).map(append);
    await own.kill();
    appends.push(...events.slice(150).map(append));
    await own.restart();
    const results = await Promise.all(appends);
    expect(results.map(({ kind }) => kind)).toEqual(events.map(() => "stored"));
    for (const { ref, event } of events)
      expect((await bus.log.below(requestPrefix(ref))).map((entry) => entry.event.id)).toEqual([event.id]);
    await gap.promise;
  });

  it("away for longer than a call may take is Unavailable", async () => {
    await using own = await startNatsServer();
    const mine = { ...options(), servers: own.url, giveUpAfterMs: 300 };
    await bootstrapNats(mine);
    await using bus = await connectNatsBus(mine);
    await own.kill();
    const ref = aRequest();
    await expect(bus.log.append(requestSubject(ref, "created"), anEvent(ref))).rejects.toThrow(Unavailable);
    await expect(bus.log.last(requestSubject(ref, "created"))).rejects.toThrow(Unavailable);
    await own.restart();
  });
});
