import { withTimeout } from "@loopgate/async";
/** However often it is scraped, in milliseconds. */
const TAKEN_EVERY_MS = 10_000;
/** Scrapes wait no longer, in milliseconds. */
const DEADLINE_MS = 2_000;

/** A reading that costs something: taken at most every 10 s, whoever asks. Undefined while it can't be had within 2 s. */
export function cachedReading<Value>(take: () => Promise<Value>): () => Promise<Value | undefined> {
  let takenAt = -Infinity;
  let reading: Promise<Value | undefined> = Promise.resolve(undefined);
  return () => {
    if (performance.now() - takenAt >= TAKEN_EVERY_MS) {
      takenAt = performance.now();
      reading = take().catch(() => undefined);
    }
    return withTimeout(reading, DEADLINE_MS, () => undefined);
  };
}
