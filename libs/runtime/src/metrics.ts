import { withTimeout } from "@loopgate/async";
import type { FastifyInstance } from "fastify";
import { collectDefaultMetrics, Registry } from "prom-client";

/** The metrics of one process. It is passed to whatever counts; there is no global registry. */
export type Metrics = Registry;

/** The minimum interval between readings, in milliseconds. */
const READING_INTERVAL_MS = 10_000;

/** How long a scrape waits for a reading, in milliseconds. */
const READING_TIMEOUT_MS = 2_000;

const A_PROCESS_METRIC = "process_resident_memory_bytes";

/** Labels may only have values from short, fixed lists: no ids, places, clients or texts (I9). */
export const createMetrics = (): Metrics => new Registry();

/** Remembers which metrics there are. The result removes all that were registered since. */
export function metricsMark(metrics: Metrics): () => void {
  const known = new Set(namesOf(metrics));
  return () => {
    for (const name of namesOf(metrics)) if (!known.has(name)) metrics.removeSingleMetric(name);
  };
}

const namesOf = (metrics: Metrics): readonly string[] => metrics.getMetricsAsArray().map(({ name }) => name);

/**
 * `/metrics` in the text format of Prometheus. Collecting process metrics (memory, event loop, garbage collection) costs
 * an idle process some CPU, so it starts only once they can be scraped.
 */
export function addMetricsRoute(app: FastifyInstance, metrics: Metrics): void {
  app.addHook("onListen", async () => {
    // Two servers of one process may serve the same metrics, one after the other.
    if (metrics.getSingleMetric(A_PROCESS_METRIC) === undefined) collectDefaultMetrics({ register: metrics });
  });
  app.get("/metrics", async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.metrics()),
  );
}

/**
 * Caches a reading that is expensive to take: `take` runs at most once per 10 s. Resolves with undefined if the reading
 * fails or takes longer than 2 s.
 */
export function cachedReading<Value>(take: () => Promise<Value>): () => Promise<Value | undefined> {
  let takenAt = -Infinity;
  let reading: Promise<Value | undefined> = Promise.resolve(undefined);
  return () => {
    if (performance.now() - takenAt >= READING_INTERVAL_MS) {
      takenAt = performance.now();
      reading = take().catch(() => undefined);
    }
    return withTimeout(reading, READING_TIMEOUT_MS, () => undefined);
  };
}
