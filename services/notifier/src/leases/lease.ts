import { sleep, withTimeout } from "@loopgate/async";
import type { Bucket } from "@loopgate/bus";
import type { Logger } from "@loopgate/runtime";
import type { HeldLease } from "@loopgate/requests";
import { LeaseGuard } from "./lease-guard.ts";

export interface LeaseOptions {
  readonly leases: Bucket;
  readonly key: string;
  /** Who asks. A holder that comes back under its own name has the lease at once. */
  readonly holder: string;
  readonly logger: Logger;
  /** How long the bucket keeps a lease without renewal, in milliseconds. */
  readonly leaseMs: number;
}

/** Work of the holder. It must stop by itself when the lease is lost, even before it is disposed of. */
export type LeasedWork = (lease: HeldLease) => Promise<AsyncDisposable>;

/** How often a lease is renewed in its lifetime. */
const RENEWALS = 4;

/** For this part of its lifetime a lease is relied upon after each renewal: well before anybody else can have it. */
const RELIED_UPON = 0.8;

/** `taken`: the lease was free, so that others may have had it meanwhile. `unknown`: the store does not answer. */
type Renewal = "kept" | "taken" | "lost" | "unknown";

interface Holding {
  readonly lease: LeaseGuard;
  work: AsyncDisposable | undefined;
}

/**
 * Runs `work` while this process holds the lease, and anew whenever it gets it back. What the lease is asked just before
 * is done by one holder at a time, but for what was under way when a process froze; whatever must not happen twice at all
 * is held by compare-and-set in the log, not by this.
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
    const standing = await leases.get(key);
    if (standing === undefined) return (await leases.create(key, holder)) === undefined ? "lost" : "taken";
    if (standing.value !== holder) return "lost";
    if ((await leases.update(key, holder, standing.revision)) !== undefined) return "kept";
    // An earlier renewal, whose answer came too late, may have been first.
    return (await leases.get(key))?.value === holder ? "kept" : "lost";
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

/** The answer of a store that may be away, or `unknown` after `ms`: neither a stop nor the end of a lease waits longer. */
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
    logger.error({ lease: key, err: error }, "what the lease is for could not start");
    return undefined;
  }
}
