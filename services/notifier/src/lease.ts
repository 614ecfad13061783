import { setTimeout as pause } from "node:timers/promises";
import type { Bucket } from "@loopgate/bus";
import type { Logger } from "@loopgate/runtime";

export interface LeaseOptions {
  readonly leases: Bucket;
  readonly key: string;
  /** Who asks. A holder that comes back under its own name has the lease at once. */
  readonly holder: string;
  readonly logger: Logger;
}

/** A third of the leases' lifetime of 15 s, and some: two renewals may fail before another holder takes over. */
const RENEW_EVERY_MS = 4_000;

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
  let revision: number | undefined;
  let held: AsyncDisposable | undefined;
  while (!signal.aborted) {
    revision = await renew(options, revision);
    if (revision !== undefined && held === undefined) held = await start(options, work);
    if (revision === undefined && held !== undefined) {
      options.logger.warn({ lease: options.key }, "the lease was lost");
      await held[Symbol.asyncDispose]();
      held = undefined;
    }
    await pause(RENEW_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
  await held?.[Symbol.asyncDispose]();
  if (revision !== undefined) await options.leases.delete(options.key, revision).catch(() => false);
}

/** The lease's revision if it is held now. */
async function renew(
  { leases, key, holder, logger }: LeaseOptions,
  revision: number | undefined,
): Promise<number | undefined> {
  try {
    if (revision !== undefined) return await leases.update(key, holder, revision);
    const standing = await leases.get(key);
    if (standing === undefined) return await leases.create(key, holder);
    return standing.value === holder ? await leases.update(key, holder, standing.revision) : undefined;
  } catch (error) {
    logger.warn({ lease: key, err: error }, "the lease could not be renewed");
    return undefined;
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
