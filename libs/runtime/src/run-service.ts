import { NatsStartupError, Unavailable } from "@loopgate/bus";
import closeWithGrace, { type Signals } from "close-with-grace";
import { createLogger, type Logger, redact } from "./logger.ts";
import { type LogLevel } from "@loopgate/settings";
import { createMetrics, type Metrics } from "./metrics.ts";
import { StartupError } from "@loopgate/bus/startup-error";

/** How long a stop may take before the process ends anyway, in milliseconds (design 7). */
const GRACE_MS = 30_000;

const STOP_SIGNALS: Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"];

export interface Service<Settings extends { readonly logLevel: LogLevel }> {
  /** Stands in every log line. */
  readonly name: string;
  /** Reads the environment; a refusal is for the person who starts the service. */
  readonly settings: () => Settings;
  /** Opens the service; every part goes to `parts`, which close in reverse order. */
  readonly start: (started: Started<Settings>) => Promise<void>;
  /** Hears why a start failed, in a sentence for a person, before the process ends. */
  readonly refused?: (why: string) => Promise<void>;
}

interface Started<Settings> {
  readonly settings: Settings;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly parts: AsyncDisposableStack;
  /** Aborted when the service is told to stop, before its parts close: what would go on trying gives up. */
  readonly stopping: AbortSignal;
}

/**
 * Runs a service until SIGINT, SIGTERM or SIGHUP, then closes its parts in reverse order and exits 0. A start that
 * fails closes what was opened, says why and exits 1; so does a stop that takes longer than 30 s, and an exception that
 * nobody caught.
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
    // A signal goes on waiting for the start: this is what ends the process.
    const why = explain(logger, error);
    await service.refused?.(why);
    await closeAll(parts, logger).finally(() => process.exit(1));
  }
}

/**
 * A repeated signal changes nothing: one Ctrl-C comes from the terminal and again from npm, and close-with-grace takes a
 * second one for "at once".
 */
function closeWhenTold(logger: Logger, stop: AbortController, close: () => Promise<void>): void {
  const options = {
    delay: GRACE_MS,
    // It would write messages of errors as they are.
    logger: false,
    skip: STOP_SIGNALS,
    onTimeout: () => logger.fatal("the stop took too long"),
    onSecondError: (err: unknown) => logger.fatal({ err }, "another unexpected error during the stop"),
  } as const;
  const told = closeWithGrace(options, async ({ err }) => {
    stop.abort();
    if (err !== undefined) logger.fatal({ err }, "stopping after an unexpected error");
    await close();
    logger.info("stopped");
  });
  for (const signal of STOP_SIGNALS) {
    process.on(signal, () => {
      if (stop.signal.aborted) return;
      logger.info({ signal }, "stopping");
      told.close();
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

/** A refusal is a sentence for a person; anything else is for the log. */
function explain(logger: Logger, error: unknown): string {
  if (error instanceof StartupError || error instanceof NatsStartupError || error instanceof Unavailable) {
    const message = redact(error.message);
    process.stderr.write(`loopgate: ${message}\n`);
    return message;
  }
  logger.fatal({ err: error }, "could not start");
  return "Loopgate could not start; its log says why";
}
