import { fastify } from "fastify";
import { z } from "zod";
import type { HealthCheck } from "./health.ts";
import { addHealthRoutes } from "./health-routes.ts";
import { StartRefused } from "./start-refused.ts";

/** Where services without HTTP of their own tell about themselves. */
export const healthVariables = {
  HEALTH_PORT: z.coerce.number("must be a port").int().min(0).max(65_535).optional(),
};

/**
 * Serves health on all interfaces, for probes that come from outside of the process's container; without a port it does
 * nothing. Disposing it first makes the process unready before its parts close.
 * @throws StartRefused for a port in use.
 */
export async function serveHealth(
  port: number | undefined,
  checks: readonly HealthCheck[],
): Promise<AsyncDisposable> {
  if (port === undefined) return { [Symbol.asyncDispose]: async () => undefined };
  const app = fastify();
  addHealthRoutes(app, { checks, isDraining: () => false });
  await app.listen({ host: "0.0.0.0", port }).catch(explainTaken("HEALTH_PORT", port));
  return { [Symbol.asyncDispose]: () => app.close() };
}

/** A port in use is the operator's to free or to change; other failures go on as they are. */
export const explainTaken =
  (variable: string, port: number) =>
  (error: unknown): never => {
    const code: unknown = error instanceof Error && "code" in error ? error.code : undefined;
    if (code !== "EADDRINUSE") throw error;
    throw new StartRefused(`port ${port} is taken: stop what listens there, or set another ${variable}`);
  };
