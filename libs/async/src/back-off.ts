/** The delay before retry `attempt` (from 1) in milliseconds: from `waitsMs`, whose last value repeats, ± 25 %. */
export function backOff(waitsMs: readonly number[], attempt: number): number {
  const wait = waitsMs[Math.min(attempt, waitsMs.length) - 1] ?? 0;
  return wait * (0.75 + Math.random() / 2);
}
