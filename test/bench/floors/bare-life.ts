import { randomUUID } from "node:crypto";
import { jetstream } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { connectBenchBus } from "../bench-bus.ts";
import { inParallel } from "../in-parallel.ts";
import { sampleCreated } from "../sample-events.ts";
import { percentile } from "../statistics.ts";
import { startFloor } from "./start-floor.ts";

/** Lives of requests on nothing but JetStream: the writes of the three services, and the wake of whoever waits. */
export interface BareLife extends AsyncDisposable {
  measure(count: number, inFlight: number): Promise<{ perSecond: number; p50Ms: number; p99Ms: number }>;
}

export async function startBareLife(servers: string): Promise<BareLife> {
  const parts = new AsyncDisposableStack();
  parts.use(await connectBenchBus(servers));
  parts.use(await startFloor("bare-notifier", { NATS_URL: servers }));
  parts.use(await startFloor("bare-state", { NATS_URL: servers }));
  const connection = parts.use(await connect({ servers, noAsyncTraces: true }));
  const js = jetstream(connection);
  const waiting = new Map<string, () => void>();
  connection.subscribe("loopgate.committed.v1.*.*.decided", {
    callback: (_, { subject }) => waiting.get(subject.split(".")[4] ?? "")?.(),
  });
  const payload = JSON.stringify(sampleCreated());
  const live = async () => {
    const id = randomUUID();
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting.set(id, resolve);
    const first = { lastSubjectSequence: 0 };
    await js.publish(`loopgate.req.v1.default.${id}.created`, payload, { msgID: id, expect: first });
    await promise;
    waiting.delete(id);
  };
  return {
    measure: async (count, inFlight) => {
      const latencies: number[] = [];
      const start = performance.now();
      await inParallel(count, inFlight, async () => {
        const begun = performance.now();
        await live();
        latencies.push(performance.now() - begun);
      });
      const seconds = (performance.now() - start) / 1_000;
      return {
        perSecond: count / seconds,
        p50Ms: percentile(latencies, 50),
        p99Ms: percentile(latencies, 99),
      };
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}
