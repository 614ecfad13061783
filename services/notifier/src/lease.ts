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

/** What is done while the lease is held; it must do nothing more once `isHeld` says no, also before it is disposed of. */
export type LeasedWork = (isHeld: () => boolean) => Promise<AsyncDisposable>;

/** How often a lease is renewed in its lifetime. */
const RENEWALS = 4;

/** For this part of its lifetime a lease is relied upon after each renewal: well before anybody else can have it. */
const RELIED_UPON = 0.8;

/** `taken`: the lease was free, so that others may have had it meanwhile. `unknown`: the store does not answer. */
type Renewal = "kept" | "taken" | "lost" | "unknown";

/** An uninterrupted time of holding the lease, by this process's own clock, so that it ends also while the process is frozen. */
interface Term {
  until: number;
  work: AsyncDisposable | undefined;
}

const isOver = ({ until }: Term): boolean => performance.now() >= until;

/**
 * Runs `work` while this process holds the lease, and anew whenever it gets it back. What `isHeld` is asked just before
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
  let term: Term | undefined;
  while (!signal.aborted) {
    const askedAt = performance.now();
    const renewal = await inTime(every, renew(options));
    if (term !== undefined && (renewal === "lost" || renewal === "taken" || isOver(term))) {
      logger.warn({ lease: key }, "the lease was lost");
      term.until = 0;
      await term.work?.[Symbol.asyncDispose]();
      term = undefined;
    }
    if (renewal === "kept" || renewal === "taken") {
      term ??= { until: 0, work: undefined };
      term.until = askedAt + leaseMs * RELIED_UPON;
      term.work ??= await start(options, work, term);
    }
    await pause(askedAt + every - performance.now(), undefined, { signal }).catch(() => undefined);
  }
  await term?.work?.[Symbol.asyncDispose]();
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

/** The answer of a store that may be away, or `unknown` after `ms`: neither a stop nor the end of a term waits longer. */
async function inTime<Answer>(ms: number, answer: Promise<Answer>): Promise<Answer | "unknown"> {
  const stop = new AbortController();
  try {
    return await Promise.race([answer, pause(ms, "unknown" as const, { signal: stop.signal })]);
  } finally {
    stop.abort();
  }
}

async function start(
  { key, logger }: LeaseOptions,
  work: LeasedWork,
  term: Term,
): Promise<AsyncDisposable | undefined> {
  try {
    return await work(() => !isOver(term));
  } catch (error) {
    logger.error({ lease: key, err: error }, "what the lease is for could not start");
    return undefined;
  }
}
