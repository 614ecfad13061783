import type { FastifyInstance } from "fastify";
import { checkHealth, type HealthCheck } from "./health.ts";

export interface HealthParts {
  readonly checks: () => readonly HealthCheck[];
  readonly isDraining: () => boolean;
}

/** `/healthz`: the process lives. `/readyz`: what it needs answers, by name; 503 otherwise and while it drains. */
export function addHealthRoutes(app: FastifyInstance, { checks, isDraining }: HealthParts): void {
  app.get("/healthz", () => ({ status: "ok" }));

  app.get("/readyz", async (_request, reply) => {
    const report = await checkHealth(checks());
    const draining = isDraining();
    const ready = report.ready && !draining;
    return reply
      .code(ready ? 200 : 503)
      .send({ ready, ...(draining ? { draining } : {}), parts: report.parts });
  });
}
