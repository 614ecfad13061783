import type { FastifyInstance } from "fastify";
import { collectDefaultMetrics } from "prom-client";
import type { Metrics } from "./metrics.ts";

/**
 * `/metrics` in Prometheus' text format. Process metrics (memory, event loop, garbage collection) cost a process that idles
 * something, and are taken from when somebody can ask for them.
 */
export function addMetricsRoute(app: FastifyInstance, metrics: Metrics): void {
  app.addHook("onListen", async () => collectDefaultMetrics({ register: metrics }));
  app.get("/metrics", async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.metrics()),
  );
}
