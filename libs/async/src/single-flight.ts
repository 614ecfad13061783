import { sleep } from "./sleep.ts";

/**
 * Lets all callers that ask before the next call starts share that call. Calls start at least `minIntervalMs` milliseconds
 * apart. A caller never gets the result of a call that started before it asked.
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
