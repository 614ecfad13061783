import { setTimeout as pause } from "node:timers/promises";
import type { Bucket } from "@loopgate/bus";
import type { Logger } from "@loopgate/runtime";

export interface LeaseOptions {
  readonly leases: Bucket;
  readonly key: string;
  /** Who asks. A holder that comes back under its own name has the lease at once. */
  readonly holder: string;
  readonly logger: Logger;
  /** How long the bucket keeps a lease without renewal, in milliseconds. */
  readonly leaseMs: number;
}

/** How often a lease is renewed in its lifetime; after two renewals that the store did not answer, it counts as lost. */
const RENEWALS = 4;

/**
 * Runs `work` while this process holds the lease, and again whenever it gets it back. Two holders can overlap for a
 * moment after a pause: whatever must not happen twice is held by compare-and-set in the log, not by this.
 */
export function whileLeased(options: LeaseOptions, work: () => Promise<AsyncDisposable>): AsyncDisposable {
  const stop = new AbortController();
  const running = run(options, work, stop.signal);
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await running;
    },
  };
}

async function run(
  options: LeaseOptions,
  work: () => Promise<AsyncDisposable>,
  signal: AbortSignal,
): Promise<void> {
  const every = options.leaseMs / RENEWALS;
  let renewedAt = -Infinity;
  let held: AsyncDisposable | undefined;
  while (!signal.aborted) {
    const askedAt = performance.now();
    const renewal = await renew(options);
    if (renewal === "held") renewedAt = askedAt;
    const isHeld = renewal === "held" || (renewal === "unknown" && askedAt - renewedAt < 2.5 * every);
    if (isHeld) held ??= await start(options, work);
    else if (held !== undefined) {
      options.logger.warn({ lease: options.key }, "the lease was lost");
      await held[Symbol.asyncDispose]();
      held = undefined;
    }
    await pause(every, undefined, { signal }).catch(() => undefined);
  }
  await held?.[Symbol.asyncDispose]();
  await release(options);
}

/** Takes or keeps the lease; `unknown` if the store does not answer. */
async function renew({ leases, key, holder, logger }: LeaseOptions): Promise<"held" | "lost" | "unknown"> {
  try {
    const standing = await leases.get(key);
    if (standing !== undefined && standing.value !== holder) return "lost";
    const revision =
      standing === undefined
        ? await leases.create(key, holder)
        : await leases.update(key, holder, standing.revision);
    return revision === undefined ? "lost" : "held";
  } catch (error) {
    logger.warn({ lease: key, err: error }, "the lease could not be renewed");
    return "unknown";
  }
}

/** Lets the next holder in at once. Without it, the lease runs out. */
async function release({ leases, key, holder, logger }: LeaseOptions): Promise<void> {
  try {
    const standing = await leases.get(key);
    if (standing?.value === holder) await leases.delete(key, standing.revision);
  } catch (error) {
    logger.warn({ lease: key, err: error }, "the lease could not be given back");
  }
}

async function start(
  { key, logger }: LeaseOptions,
  work: () => Promise<AsyncDisposable>,
): Promise<AsyncDisposable | undefined> {
  try {
    return await work();
  } catch (error) {
    logger.error({ lease: key, err: error }, "what the lease is for could not start");
    return undefined;
  }
}
