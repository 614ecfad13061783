import { withTimeout } from "@loopgate/async";
import { StartupError } from "@loopgate/bus";
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { z } from "zod";
import { describeError } from "./logger.ts";
import { addMetricsRoute, type Metrics } from "./metrics.ts";

/** Something this process depends on. */
export interface HealthCheck {
  readonly name: string;
  /** A failing part that is not required is reported, but the process stays ready. */
  readonly required: boolean;
  /** Resolves if the part works. The first line of a rejection's message is reported. */
  check(): Promise<void>;
}

export interface HealthReport {
  readonly ready: boolean;
  /** By name of the part: `ok`, or one line that says what is wrong. */
  readonly parts: Readonly<Record<string, string>>;
}

/** Where services without an HTTP server of their own serve their health. */
export const healthVariables = {
  HEALTH_PORT: z.coerce.number("must be a port").int().min(0).max(65_535).optional(),
};

/** Serves `/healthz`, `/readyz` and `/metrics` until it is disposed. */
export interface HealthServer extends AsyncDisposable {
  /** Reports the process as not ready, with what its start waits for. */
  waits(what: string): void;

  /** Reports the process as ready while these checks pass. Disposing the result reports it as draining, for good. */
  ready(checks: readonly HealthCheck[]): Disposable;
}

interface HealthState {
  readonly checks: () => readonly HealthCheck[];
  readonly isDraining: () => boolean;
}

/** How long one check may take, in milliseconds. */
const CHECK_TIMEOUT_MS = 2_000;
const TIMED_OUT = "no answer within 2 s: check that it runs, and the network";

/** Where a process serves its health. */
export interface HealthAddress {
  /** The setting of the port, for the message when it is taken. */
  readonly variable: string;
  /** Default: all interfaces, for probes from outside the container. */
  readonly host?: string;
  /** Absent: nothing is served. */
  readonly port: number | undefined;
  /** Answers every other path with 503 until it is disposed. Default: 404. */
  readonly isStandIn?: boolean;
}

const RETRY_AFTER_SECONDS = "2";

const startCheck = (why: string): HealthCheck => ({
  name: "start",
  required: true,
  check: () => Promise.reject(new Error(why)),
});

/** Runs all checks at the same time. */
export async function checkHealth(checks: readonly HealthCheck[]): Promise<HealthReport> {
  const parts = await Promise.all(checks.map(async (part) => ({ part, state: await stateOf(part) })));
  return {
    ready: parts.every(({ part, state }) => state === "ok" || !part.required),
    parts: Object.fromEntries(parts.map(({ part, state }) => [part.name, state])),
  };
}

/** `/healthz`: the process is alive. `/readyz`: 200 with the state of each part, or 503 if not ready or draining. */
export function addHealthRoutes(app: FastifyInstance, { checks, isDraining }: HealthState): void {
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

/**
 * Does nothing without a port. Open it before the other parts of a service: it then closes last, and probes see the
 * process drain.
 * @throws StartupError if the port is in use.
 */
export async function serveHealth(
  address: HealthAddress | undefined,
  metrics: Metrics,
): Promise<HealthServer> {
  let checks: readonly HealthCheck[] = [startCheck("is not finished yet")];
  let isDraining = false;
  const waits = (what: string) => void (checks = [startCheck(`waits: ${what}`)]);
  const ready = (parts: readonly HealthCheck[]): Disposable => {
    checks = parts;
    return { [Symbol.dispose]: () => void (isDraining = true) };
  };
  const { port, host = "0.0.0.0", variable = "", isStandIn = false } = address ?? {};
  if (port === undefined) return { ready, waits, [Symbol.asyncDispose]: async () => undefined };
  const app = fastify({ forceCloseConnections: true });
  addHealthRoutes(app, { checks: () => checks, isDraining: () => isDraining });
  addMetricsRoute(app, metrics);
  if (isStandIn) app.setNotFoundHandler(answerStarting);
  await app.listen({ host, port }).catch(explainTaken(variable, port));
  return { ready, waits, [Symbol.asyncDispose]: () => app.close() };
}

const answerStarting = async (_request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
  const message = "Loopgate is starting and waits for a server that it needs: call again in a few seconds.";
  return reply
    .code(503)
    .header("retry-after", RETRY_AFTER_SECONDS)
    .send({ error: { code: "unavailable", message } });
};

/** Turns the error of a port in use into a message for the operator; throws any other error unchanged. */
export const explainTaken =
  (variable: string, port: number) =>
  (error: unknown): never => {
    const code: unknown = error instanceof Error && "code" in error ? error.code : undefined;
    if (code !== "EADDRINUSE") throw error;
    throw new StartupError(
      `port ${port} is in use: stop the process that listens there, or set another ${variable}`,
    );
  };

async function stateOf(part: HealthCheck): Promise<string> {
  try {
    return await withTimeout(
      part.check().then(() => "ok"),
      CHECK_TIMEOUT_MS,
      () => TIMED_OUT,
    );
  } catch (error) {
    return describeError(error).message;
  }
}
