/** The value below which `percent` of the samples lie. */
export function percentile(samples: readonly number[], percent: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? Number.NaN;
}

export const median = (samples: readonly number[]): number => percentile(samples, 50);

/** The median of what each turn gave: a disturbance in one turn meets both of its sides. */
export const medianRatio = (samples: readonly number[], floors: readonly number[]): number =>
  median(samples.map((sample, turn) => sample / (floors[turn] ?? Number.NaN)));

/** Measures several things in turns (A B A B …), because the machine changes its pace while it is measured. */
export async function inTurns<Name extends string, Sample>(
  rounds: number,
  measures: Readonly<Record<Name, () => Promise<Sample>>>,
): Promise<Record<Name, Sample[]>> {
  const names = Object.keys(measures) as Name[];
  const samples = Object.fromEntries(names.map((name) => [name, [] as Sample[]])) as Record<Name, Sample[]>;
  for (let round = 0; round < rounds; round++) {
    for (const name of names) samples[name].push(await measures[name]());
  }
  return samples;
}
