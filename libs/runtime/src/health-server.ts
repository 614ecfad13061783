import { fastify } from "fastify";
import { z } from "zod";
import type { HealthCheck } from "./health.ts";
import { addHealthRoutes } from "./health-routes.ts";
import type { Metrics } from "./metrics.ts";
import { addMetricsRoute } from "./metrics-route.ts";
import { StartupError } from "@loopgate/bus/startup-error";

/** Where services without HTTP of their own tell about themselves. */
export const healthVariables = {
  HEALTH_PORT: z.coerce.number("must be a port").int().min(0).max(65_535).optional(),
};

/** Serves `/healthz`, `/readyz` and `/metrics` until it is disposed of. */
export interface HealthServer extends AsyncDisposable {
  /** Makes the process ready while these answer; disposing the result makes it unready for good, because it drains. */
  ready(checks: readonly HealthCheck[]): Disposable;
}

const starting: HealthCheck = {
  name: "start",
  required: true,
  check: () => Promise.reject(new Error("is not finished yet")),
};

/**
 * Serves on all interfaces, for probes that come from outside of the process's container; without a port it does nothing.
 * Open it first, so that it closes last, and probes see the process drain.
 * @throws StartupError for a port in use.
 */
export async function serveHealth(port: number | undefined, metrics: Metrics): Promise<HealthServer> {
  let checks: readonly HealthCheck[] = [starting];
  let isDraining = false;
  const ready = (parts: readonly HealthCheck[]): Disposable => {
    checks = parts;
    return { [Symbol.dispose]: () => void (isDraining = true) };
  };
  if (port === undefined) return { ready, [Symbol.asyncDispose]: async () => undefined };
  const app = fastify();
  addHealthRoutes(app, { checks: () => checks, isDraining: () => isDraining });
  addMetricsRoute(app, metrics);
  await app.listen({ host: "0.0.0.0", port }).catch(explainTaken("HEALTH_PORT", port));
  return { ready, [Symbol.asyncDispose]: () => app.close() };
}

/** A port in use is the operator's to free or to change; other failures go on as they are. */
export const explainTaken =
  (variable: string, port: number) =>
  (error: unknown): never => {
    const code: unknown = error instanceof Error && "code" in error ? error.code : undefined;
    if (code !== "EADDRINUSE") throw error;
    throw new StartupError(`port ${port} is taken: stop what listens there, or set another ${variable}`);
  };
