import { sleep } from "./sleep.ts";

/** Pauses between two checks, in milliseconds; each is twice as long as the previous one. */
const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 200;

/** Checks a condition until it holds. Resolves with false if it does not hold within `withinMs` milliseconds. */
export async function pollUntil(
  condition: () => boolean | Promise<boolean>,
  withinMs: number,
): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  for (
    let pauseMs = FIRST_PAUSE_MS;
    !(await condition());
    pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)
  ) {
    const leftMs = deadline - performance.now();
    if (leftMs <= 0) return false;
    await sleep(Math.min(pauseMs, leftMs));
  }
  return true;
}
