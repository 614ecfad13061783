import type { FastifyInstance } from "fastify";
import { collectDefaultMetrics } from "prom-client";
import type { Metrics } from "./metrics.ts";

/** `/metrics` in Prometheus' text format. Process metrics (memory, event loop, collector) are taken from now on, too. */
export function addMetricsRoute(app: FastifyInstance, metrics: Metrics): void {
  collectDefaultMetrics({ register: metrics });
  app.get("/metrics", async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.metrics()),
  );
}
