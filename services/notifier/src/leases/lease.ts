import { sleep, withTimeout } from "@loopgate/async";
import type { Bucket } from "@loopgate/bus";
import type { Logger } from "@loopgate/runtime";
import type { HeldLease } from "@loopgate/requests";
import { LeaseGuard } from "./lease-guard.ts";

export interface LeaseOptions {
  readonly leases: Bucket;
  readonly key: string;
  /** The name of this process. After a restart under the same name it gets the lease at once. */
  readonly holder: string;
  readonly logger: Logger;
  /** How long the bucket keeps a lease without renewal, in milliseconds. */
  readonly leaseMs: number;
}

/** Work of the holder. It must stop by itself when the lease is lost, even before it is disposed of. */
export type LeasedWork = (lease: HeldLease) => Promise<AsyncDisposable>;

/** How often a lease is renewed in its lifetime. */
const RENEWALS = 4;

/** The holder relies on a renewal for this part of the lifetime: it stops well before another process can take the lease. */
const RELIED_UPON = 0.8;

/** `taken`: the lease was free, so another process may have had it meanwhile. `unknown`: the store does not answer. */
type Renewal = "kept" | "taken" | "lost" | "unknown";

interface Holding {
  readonly lease: LeaseGuard;
  work: AsyncDisposable | undefined;
}

/**
 * Runs `work` while this process holds the lease, and again each time it gets the lease back. A call that asks the lease
 * first is made by one holder at a time, except for a call that was in flight when its process froze. What must never
 * happen twice is guarded by compare-and-set in the log, not by the lease.
 */
export function whileLeased(options: LeaseOptions, work: LeasedWork): AsyncDisposable {
  const stop = new AbortController();
  const running = run(options, work, stop.signal);
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await running;
    },
  };
}

async function run(options: LeaseOptions, work: LeasedWork, signal: AbortSignal): Promise<void> {
  const { leaseMs, key, logger } = options;
  const every = leaseMs / RENEWALS;
  let holding: Holding | undefined;
  while (!signal.aborted) {
    const askedAt = performance.now();
    const renewal = await inTime(every, renew(options));
    if (holding !== undefined && (renewal === "lost" || renewal === "taken" || !holding.lease.isHeld())) {
      logger.warn({ lease: key }, "the lease was lost");
      holding.lease.end();
      await holding.work?.[Symbol.asyncDispose]();
      holding = undefined;
    }
    if (renewal === "kept" || renewal === "taken") {
      holding ??= { lease: new LeaseGuard(), work: undefined };
      holding.lease.extend(askedAt + leaseMs * RELIED_UPON);
      holding.work ??= await start(options, work, holding.lease);
    }
    await sleep(askedAt + every - performance.now(), signal);
  }
  await holding?.work?.[Symbol.asyncDispose]();
  holding?.lease.end();
  await inTime(every, release(options));
}

/** Takes or keeps the lease. */
async function renew({ leases, key, holder, logger }: LeaseOptions): Promise<Renewal> {
  try {
    const current = await leases.get(key);
    if (current === undefined) return (await leases.create(key, holder)) === undefined ? "lost" : "taken";
    if (current.value !== holder) return "lost";
    if ((await leases.update(key, holder, current.revision)) !== undefined) return "kept";
    // An earlier renewal, whose answer came too late, may have been first.
    return (await leases.get(key))?.value === holder ? "kept" : "lost";
  } catch (error) {
    logger.warn({ lease: key, err: error }, "the lease could not be renewed");
    return "unknown";
  }
}

/** Frees the lease for the next holder. Without this call, the lease expires. */
async function release({ leases, key, holder, logger }: LeaseOptions): Promise<void> {
  try {
    const current = await leases.get(key);
    if (current?.value === holder) await leases.delete(key, current.revision);
  } catch (error) {
    logger.warn({ lease: key, err: error }, "the lease could not be released: it expires by itself");
  }
}

/** The answer of a store that may not answer, or `unknown` after `ms` milliseconds: no stop and no loss waits longer. */
const inTime = <Answer>(ms: number, answer: Promise<Answer>): Promise<Answer | "unknown"> =>
  withTimeout(answer, ms, () => "unknown" as const);

async function start(
  { key, logger }: LeaseOptions,
  work: LeasedWork,
  lease: HeldLease,
): Promise<AsyncDisposable | undefined> {
  try {
    return await work(lease);
  } catch (error) {
    logger.error(
      { lease: key, err: error },
      "the work of the lease could not start: it is tried again at the next renewal",
    );
    return undefined;
  }
}
