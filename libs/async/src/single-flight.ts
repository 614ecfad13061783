import { sleep } from "./sleep.ts";

/**
 * Coalesces concurrent calls into one, at most one per `minIntervalMs` milliseconds. A caller never gets the result of a
 * call that started before it asked.
 */
export function singleFlight<Result>(
  minIntervalMs: number,
  call: () => Promise<Result>,
): () => Promise<Result> {
  let next: Promise<Result> | undefined;
  let notBefore = 0;
  const callNext = async () => {
    await sleep(Math.max(notBefore - performance.now(), 0));
    next = undefined;
    notBefore = performance.now() + minIntervalMs;
    return call();
  };
  return () => (next ??= callNext());
}
