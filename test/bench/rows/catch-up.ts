import { setTimeout as pause } from "node:timers/promises";
import { type ParsedEntry, streams } from "@loopgate/contracts";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { indexes, mergeOperations, type RequestDocument } from "@loopgate/state/testing";
import { FakeTelegram } from "@loopgate/testing";
import { type AnyBulkWriteOperation, MongoClient } from "mongodb";
import { type Deployment, startDeployment } from "../../harness/deployment.ts";
import { botToken } from "../../harness/secret-scan.ts";
import { connectBenchBus } from "../bench-bus.ts";
import { perSecond, type Row } from "../figure.ts";
import { inParallel } from "../in-parallel.ts";
import { sampleLife } from "../sample-events.ts";
import { inTurns, median, medianRatio } from "../statistics.ts";

const REQUESTS = 30_000;
const ROUNDS = 3;
/** The floor writes as many at a time as the projection. */
const BATCH = 500;
const WRITES_AT_ONCE = 4;
const LOOK_EVERY_MS = 20;

/** After an outage of `state`: how fast the database catches up with the log. */
export const catchUp: Row = {
  title: `projection catch-up: ${(REQUESTS * 3).toLocaleString("en")} events wait when state starts`,
  measure: async () => {
    const { outages } = await inTurns(ROUNDS, { outages: outage });
    const rates = outages.map(({ projected }) => projected);
    const floors = outages.map(({ written }) => written);
    const [rate, ratio] = [median(rates), medianRatio(rates, floors)];
    return [
      {
        what: "projection catch-up, events",
        measured: perSecond(rate),
        floor: `${perSecond(median(floors))} (raw bulkWrite)`,
        ratio,
        target: "≥ 5,000/s and ≥ 0.7 ×",
        isMet: rate >= 5_000 && ratio >= 0.7,
      },
    ];
  },
};

async function outage(): Promise<{ readonly projected: number; readonly written: number }> {
  await using telegram = await FakeTelegram.start(botToken);
  await using deployment = await startDeployment({ apiRoot: telegram.apiRoot });
  const entries = await fill(deployment);
  const written = await writeRaw(deployment, entries);
  return { written, projected: await project(deployment, entries.length) };
}

/** What the log holds after the lives of all these requests, in its order. */
async function fill({ nats }: Deployment): Promise<readonly ParsedEntry[]> {
  await using bench = await connectBenchBus(nats.url);
  const lives = await inParallel(REQUESTS, 128, async () => {
    const stored: ParsedEntry[] = [];
    for (const { subject, event } of sampleLife()) {
      const result = await bench.bus.log.append(subject, event);
      if (result.kind === "stored") stored.push(result.entry);
    }
    return stored;
  });
  return lives.flat().sort((a, b) => a.seq - b.seq);
}

/** Events a second, from the first that the projection takes to the last that it is done with. */
async function project(deployment: Deployment, count: number): Promise<number> {
  await using connection = await connect({ servers: deployment.nats.url });
  const manager = await jetstreamManager(connection);
  const look = () => manager.consumers.info(streams.requests.name, "state-projection").catch(() => undefined);
  const starting = deployment.start("state", { awaitReady: false });
  let first: { readonly at: number; readonly done: number } | undefined;
  for (;;) {
    const info = await look();
    const done = info === undefined ? 0 : count - info.num_pending - info.num_ack_pending;
    if (done > 0) first ??= { at: performance.now(), done };
    if (first !== undefined && done === count) {
      const seconds = (performance.now() - first.at) / 1_000;
      await (await starting).kill();
      return (count - first.done) / seconds;
    }
    await pause(LOOK_EVERY_MS);
  }
}

/** The same writes without anything around them. */
async function writeRaw({ mongo }: Deployment, entries: readonly ParsedEntry[]): Promise<number> {
  const batches: AnyBulkWriteOperation<RequestDocument>[][] = [];
  for (let from = 0; from < entries.length; from += BATCH) {
    batches.push([...mergeOperations(entries.slice(from, from + BATCH))]);
  }
  await using client = new MongoClient(mongo.newDatabase(), {
    writeConcern: { w: "majority", journal: true },
  });
  const requests = client.db().collection<RequestDocument>("requests");
  await requests.createIndexes([...indexes]);
  const start = performance.now();
  await inParallel(batches.length, WRITES_AT_ONCE, (n) =>
    requests.bulkWrite(batches[n] ?? [], { ordered: false }),
  );
  return entries.length / ((performance.now() - start) / 1_000);
}
