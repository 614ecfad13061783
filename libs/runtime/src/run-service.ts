import { StartupError, Unavailable } from "@loopgate/bus";
import type { LogLevel } from "@loopgate/settings";
import closeWithGrace, { type Signals } from "close-with-grace";
import { createLogger, type Logger, redact } from "./logger.ts";
import { createMetrics, type Metrics } from "./metrics.ts";

/** How long a stop may take before the process exits anyway, in milliseconds (design 7). */
const GRACE_MS = 30_000;

const STOP_SIGNALS: Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"];

export interface Service<Settings extends { readonly logLevel: LogLevel }> {
  /** Appears in every log line. */
  readonly name: string;
  /** Reads the environment. Throws `StartupError` for settings that the operator must correct. */
  readonly settings: () => Settings;
  /** Opens the service. It adds everything that must be closed to `parts`, which close in reverse order. */
  readonly start: (started: Started<Settings>) => Promise<void>;
  /** Is told why a start failed, as a message for the operator, before the process exits. */
  readonly refused?: (why: string) => Promise<void>;
}

interface Started<Settings> {
  readonly settings: Settings;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly parts: AsyncDisposableStack;
  /** Aborted when the service is told to stop, before its parts close, so that pending retries give up. */
  readonly stopping: AbortSignal;
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
  try {
    const settings = service.settings();
    logger = createLogger(service.name, settings.logLevel);
    closeWhenTold(logger, stop, () => started.promise.then(() => closeAll(parts, logger)));
    await service.start({ settings, logger, metrics: createMetrics(), parts, stopping: stop.signal });
    started.resolve();
  } catch (error) {
    // A stop that a signal requested still waits for the start, so the process must exit here.
    const why = explain(logger, error);
    await service.refused?.(why);
    await closeAll(parts, logger).finally(() => process.exit(1));
  }
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
