import closeWithGrace from "close-with-grace";
import type { Logger } from "./logger.ts";
import { StartRefused } from "./start-refused.ts";

/** How long a stop may take before the process ends anyway, in milliseconds (design 7). */
const GRACE_MS = 30_000;

/**
 * Runs a service until SIGINT or SIGTERM. `start` hands every part it opens to `parts`; they close in reverse order,
 * then the process exits 0. A start that fails closes what was opened, says why and exits 1; so does a stop that takes
 * longer than 30 s, and an exception that nobody caught.
 */
export async function runService(
  logger: Logger,
  start: (parts: AsyncDisposableStack) => Promise<void>,
): Promise<void> {
  const parts = new AsyncDisposableStack();
  const started = Promise.withResolvers<void>();
  closeWithGrace({ delay: GRACE_MS, logger: false }, async ({ err, signal }) => {
    if (err !== undefined) logger.fatal({ err }, "stopping after an unexpected error");
    else logger.info({ signal }, "stopping");
    await started.promise;
    await parts.disposeAsync();
    logger.info("stopped");
  });
  try {
    await start(parts);
    started.resolve();
  } catch (error) {
    started.resolve();
    explain(logger, error);
    await parts.disposeAsync();
    process.exit(1);
  }
}

/** A refusal is a sentence for a person; anything else is for the log. */
function explain(logger: Logger, error: unknown): void {
  if (error instanceof StartRefused) process.stderr.write(`loopgate: ${error.message}\n`);
  else logger.fatal({ err: error }, "could not start");
}
