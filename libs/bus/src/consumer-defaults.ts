/** What the one who starts a consumer leaves open, whatever the log. */
export const consumerDefaults = {
  maxInFlight: 64,
  maxAttempts: 5,
  backOffMs: [1_000, 2_000, 5_000, 10_000, 30_000],
} as const;

/** How long an entry waits after so many failed attempts, in milliseconds: jittered, the last wait repeats. */
export function backOff(waitsMs: readonly number[], attempt: number): number {
  const wait = waitsMs[Math.min(attempt, waitsMs.length) - 1] ?? 0;
  return wait * (0.75 + Math.random() / 2);
}
