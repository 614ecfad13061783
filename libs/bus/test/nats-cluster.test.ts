import { eventKey, filters, requestPrefix, requestSubject } from "@loopgate/contracts";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { type NatsServer, startNatsCluster } from "@loopgate/testing";
import { afterAll, describe, expect, it } from "vitest";
import type { AppendResult, BusObserver } from "../src/index.ts";
import { bootstrapNats, connectNatsBus, type NatsBusOptions } from "../src/nats/index.ts";
import { anEvent, aRequest } from "./contract/support/events.ts";
import {
  aConsumerName,
  busOptions,
  type BusUnderTest,
  eventually,
} from "./contract/support/bus-under-test.ts";
import { aFollower, idsOf } from "./contract/support/follower.ts";
import { consumerDeliveryContract } from "./contract/consumer.contract.ts";
import { eventLogContract } from "./contract/event-log.contract.ts";
import { keyValueContract } from "./contract/key-value.contract.ts";
import { purge } from "./contract/support/purge.ts";

const RACES = 1_000;

const cluster = await startNatsCluster();
const options: NatsBusOptions = {
  ...busOptions,
  servers: [...(cluster?.urls ?? [])],
  name: "cluster",
  retentionMs: 90 * 86_400_000,
  giveUpAfterMs: 60_000,
  stopWithinMs: 200,
  replicas: 3,
};
afterAll(() => cluster?.[Symbol.asyncDispose]());

async function open(observer?: BusObserver): Promise<BusUnderTest> {
  const bus = await connectNatsBus({ ...options, ...(observer === undefined ? {} : { observer }) });
  const { log, timers, keyValue } = bus;
  const close = async () => bus[Symbol.asyncDispose]();
  const reopen = async () => {
    await close();
    return open(observer);
  };
  const dropEvents = () => purge(options);
  return { log, timers, keyValue, close, reopen, dropEvents };
}

// The suites whose promises replication could break. The others passed, too, and would double the time.
describe.skipIf(cluster === undefined)("over a cluster of three", () => {
  it("services that start on it at once create everything", async () => {
    const starting = Array.from({ length: 6 }, async () =>
      (await connectNatsBus(options))[Symbol.asyncDispose](),
    );
    await expect(Promise.all(starting)).resolves.toHaveLength(6);
    await bootstrapNats(options);
  });

  eventLogContract(open);
  consumerDeliveryContract(open);
  keyValueContract(open);
});

describe.skipIf(cluster === undefined)("a frozen server of the cluster", () => {
  it("is replaced by another one, and pending appends are stored once", { timeout: 120_000 }, async () => {
    const [server] = cluster?.servers ?? [];
    await using bus = await connectNatsBus({
      ...options,
      servers: server?.url ?? "",
      stopWithinMs: 10_000,
    });
    const refs = Array.from({ length: 20 }, aRequest);
    await server?.freeze();

    const results = await Promise.all(
      refs.map((ref) => bus.log.append(requestSubject(ref, eventKey.created), anEvent(ref), { first: true })),
    );

    expect(results.map(({ kind }) => kind)).toEqual(refs.map(() => "stored"));
    await server?.thaw();
    for (const ref of refs) expect(await bus.log.below(requestPrefix(ref))).toHaveLength(1);
    await bus.check();
  });
});

/** The leader of a stream, once there is one: while a server was frozen, the others may have begun an election. */
async function leaderOf(stream: string): Promise<NatsServer> {
  const find = () => seenLeaderOf(stream).catch(() => undefined);
  await expect.poll(find, eventually).toBeDefined();
  return (await find()) ?? leaderOf(stream);
}

async function seenLeaderOf(stream: string): Promise<NatsServer | undefined> {
  for (const server of cluster?.servers ?? []) {
    const connection = await connect({ servers: server.url });
    try {
      const { cluster: state } = await (await jetstreamManager(connection)).streams.info(stream);
      if (state?.leader === connection.info?.server_name) return server;
    } finally {
      await connection.close();
    }
  }
  return undefined;
}

describe.skipIf(cluster === undefined)("the leader of the log, killed during contested appends", () => {
  it(
    "leaves exactly one winner per race, which every process and every follower sees",
    { timeout: 120_000 },
    async () => {
      await using one = await connectNatsBus({ ...options, stopWithinMs: 10_000 });
      await using other = await connectNatsBus({ ...options, stopWithinMs: 10_000 });
      const handled = new Set<string>();
      const spec = { name: aConsumerName(), filters: [filters.decided], maxInFlight: 16 };
      await using _ = await one.log.consume(spec, async ({ entry }) => {
        handled.add(entry.event.id);
        return "done";
      });
      await using follower = aFollower(other.log, await other.log.head());
      const races = Array.from({ length: RACES }, () => aRequest());
      const leader = await leaderOf("LOOPGATE_REQUESTS");
      const results = new Map<string, AppendResult[]>();
      let killing: Promise<void> | undefined;
      const queue = [...races];
      const race = async () => {
        for (let ref = queue.pop(); ref !== undefined; ref = queue.pop()) {
          const decided = requestSubject(ref, eventKey.decided);
          const racers = [one, other, one, other].map((bus) =>
            bus.log.append(decided, anEvent(ref), { first: true }),
          );
          if (queue.length < RACES / 2) killing ??= leader.kill();
          results.set(ref.id, await Promise.all(racers));
        }
      };

      await Promise.all(Array.from({ length: 16 }, race));
      await killing;

      const winners = races.map((ref) => {
        const all = results.get(ref.id) ?? [];
        const own = all.flatMap((result) => (result.kind === "stored" ? [result.entry.event.id] : []));
        const seen = all.flatMap((result) => (result.kind === "lost" ? [result.winner.event.id] : []));
        return { own: own.length, told: new Set([...own, ...seen]).size, id: own[0] };
      });
      expect(winners.filter(({ own, told }) => own !== 1 || told !== 1)).toEqual([]);
      await leader.restart();
      for (const [index, ref] of races.entries()) {
        const entries = await other.log.below(requestPrefix(ref));
        expect(entries.map(({ event }) => event.id)).toEqual([winners[index]?.id]);
      }
      await expect.poll(() => winners.filter(({ id }) => !handled.has(id ?? "")), eventually).toEqual([]);
      await expect.poll(() => follower.entries.length, eventually).toBe(RACES);
      expect(new Set(idsOf(follower.entries))).toEqual(new Set(winners.map(({ id }) => id)));
    },
  );
});
