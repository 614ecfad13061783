import { sleep } from "@loopgate/async";
import { LOGIN_PATIENCE_MS, LoginRefused, PermissionDenied, StartupError, Unavailable } from "@loopgate/bus";
import type { LogLevel } from "@loopgate/settings";
import closeWithGrace, { type Signals } from "close-with-grace";
import { type HealthAddress, type HealthServer, serveHealth } from "./health.ts";
import { createLogger, describeError, type Logger, redact } from "./logger.ts";
import { createMetrics, type Metrics, metricsMark } from "./metrics.ts";

/** How long a stop may take before the process exits anyway, in milliseconds (docs/operations.md#shutdown). */
const GRACE_MS = 30_000;

/** The pause between two attempts to start, in milliseconds. */
const START_AGAIN_MS = 1_000;

/** How often the log repeats what a start waits for, in milliseconds. */
const REPEAT_MS = 300_000;

const STOP_SIGNALS: Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"];

export interface Service<Settings extends { readonly logLevel: LogLevel }> {
  /** Appears in every log line. */
  readonly name: string;
  /** Reads the environment. Throws `StartupError` for settings that the operator must correct. */
  readonly settings: () => Settings | Promise<Settings>;
  /**
   * Where probes find the health of this service from its first moment. A service with it waits for the servers that
   * it needs: after `Unavailable`, unless it lacks a permission, it starts again, alive and not ready, and after
   * `LoginRefused` too, for a minute.
   */
  readonly health?: (settings: Settings) => HealthAddress;
  /**
   * Opens the service. It adds everything that must be closed to `parts`, which close in reverse order. With `health` it
   * may be called several times.
   */
  readonly start: (started: Started<Settings>) => Promise<void>;
  /** Is told why a start failed, as a message for the operator, before the process exits. */
  readonly refused?: (why: string) => Promise<void>;
  /** How long a refused login is tolerated, in milliseconds. Default: a minute. */
  readonly loginPatienceMs?: number;
}

interface Started<Settings> {
  readonly settings: Settings;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly parts: AsyncDisposableStack;
  /** Serves nothing in a service without an address for it. */
  readonly health: HealthServer;
  /** Aborted when the service is told to stop, before its parts close, so that pending retries give up. */
  readonly stopping: AbortSignal;
  /** Ends the running service: closes its parts, reports the reason as a failed start does, and exits with 1. */
  readonly fail: (reason: StartupError) => void;
}

/**
 * Runs a service until SIGINT, SIGTERM or SIGHUP, then closes its parts in reverse order and exits with 0. If the start
 * fails, it closes what was opened, reports the reason and exits with 1. A stop of more than 30 s and an uncaught
 * exception also exit with 1.
 */
export async function runService<Settings extends { readonly logLevel: LogLevel }>(
  service: Service<Settings>,
): Promise<void> {
  const parts = new AsyncDisposableStack();
  const stop = new AbortController();
  const started = Promise.withResolvers<void>();
  let logger = createLogger(service.name, "info");
  const exit = async (error: unknown) => {
    const why = explain(logger, error);
    await service.refused?.(why);
    await closeAll(parts, logger).finally(() => process.exit(1));
  };
  try {
    const settings = await service.settings();
    logger = createLogger(service.name, settings.logLevel);
    closeWhenTold(logger, stop, () => started.promise.then(() => closeAll(parts, logger)));
    const metrics = createMetrics();
    const health = parts.use(await serveHealth(service.health?.(settings), metrics));
    const fail = (reason: StartupError) => {
      if (stop.signal.aborted) return;
      stop.abort();
      setTimeout(() => process.exit(1), GRACE_MS).unref();
      void started.promise.then(() => exit(reason));
    };
    const common = { settings, logger, metrics, health, stopping: stop.signal, fail };
    parts.use(await startWhenPossible(service, common));
    started.resolve();
  } catch (error) {
    // A stop that a signal requested still waits for the start, so the process must exit here.
    await exit(error);
  }
}

/** Starts until that succeeds, fails for good, or the service is told to stop. Resolves with the open parts. */
async function startWhenPossible<Settings extends { readonly logLevel: LogLevel }>(
  service: Service<Settings>,
  common: Omit<Started<Settings>, "parts">,
): Promise<AsyncDisposableStack> {
  const { logger, health, stopping } = common;
  const report = waitReporter(logger);
  const isOver = patience(service);
  for (;;) {
    const parts = new AsyncDisposableStack();
    const removeNewMetrics = metricsMark(common.metrics);
    try {
      await service.start({ ...common, parts });
      return parts;
    } catch (error) {
      await closeAll(parts, logger);
      removeNewMetrics();
      if (stopping.aborted && error instanceof Unavailable) return parts;
      if (isOver(error)) throw error;
      health.waits(describeError(error).message);
      report(error);
      await sleep(START_AGAIN_MS, stopping);
      if (stopping.aborted) return parts;
    }
  }
}

/** Tells whether an error ends the start. Refused logins do once they have gone on for the patience of the service. */
function patience({
  health,
  loginPatienceMs = LOGIN_PATIENCE_MS,
}: Pick<Service<never>, "health" | "loginPatienceMs">): (error: unknown) => boolean {
  let refusedSince: number | undefined;
  return (error) => {
    if (health === undefined) return true;
    if (!(error instanceof LoginRefused)) {
      refusedSince = undefined;
      return !(error instanceof Unavailable) || error instanceof PermissionDenied;
    }
    refusedSince ??= performance.now();
    return performance.now() - refusedSince >= loginPatienceMs;
  };
}

/** Logs what a start waits for: at once when that changes, and otherwise every five minutes. */
function waitReporter(logger: Logger): (error: unknown) => void {
  let last = { message: "", at: -Infinity };
  return (error) => {
    const { message } = describeError(error);
    const now = performance.now();
    if (message === last.message && now - last.at < REPEAT_MS) return;
    last = { message, at: now };
    logger.warn({ err: error }, "the start waits, and goes on when this has passed");
  };
}

/**
 * Ignores repeated signals: a single Ctrl-C arrives from the terminal and again from npm, and close-with-grace would exit
 * at once on the second one.
 */
function closeWhenTold(logger: Logger, stop: AbortController, close: () => Promise<void>): void {
  const options = {
    delay: GRACE_MS,
    // Its own logger would write error messages without redaction.
    logger: false,
    skip: STOP_SIGNALS,
    onTimeout: () => logger.fatal("the stop took too long"),
    onSecondError: (err: unknown) => logger.fatal({ err }, "another unexpected error during the stop"),
  } as const;
  const closing = closeWithGrace(options, async ({ err }) => {
    stop.abort();
    if (err !== undefined) logger.fatal({ err }, "stopping after an unexpected error");
    await close();
    logger.info("stopped");
  });
  for (const signal of STOP_SIGNALS) {
    process.on(signal, () => {
      if (stop.signal.aborted) return;
      logger.info({ signal }, "stopping");
      closing.close();
    });
  }
}

async function closeAll(parts: AsyncDisposableStack, logger: Logger): Promise<void> {
  try {
    await parts.disposeAsync();
  } catch (error) {
    logger.fatal({ err: error }, "a part could not be closed");
    throw error;
  }
}

/** The message for the operator. An unexpected error goes to the log instead. */
function explain(logger: Logger, error: unknown): string {
  if (error instanceof StartupError || error instanceof Unavailable) {
    const message = redact(error.message);
    process.stderr.write(`loopgate: ${message}\n`);
    return message;
  }
  logger.fatal({ err: error }, "could not start");
  return "Loopgate could not start; its log says why";
}
