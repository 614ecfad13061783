/** One number that was measured, what was measured beside it, and what it is to be. */
export interface Figure {
  readonly what: string;
  readonly measured: string;
  /** The same of the floor, in the same run. */
  readonly floor?: string;
  readonly ratio?: number;
  readonly target?: string;
  readonly isMet?: boolean;
}

interface BenchOptions {
  /** How many requests are stored where that is the question. */
  readonly stored: number;
  /** How long a long row runs at least. */
  readonly minutes: number;
}

/** A row of the numbers to reach. */
export interface Row {
  readonly title: string;
  /** Runs only when it is named. */
  readonly isLong?: boolean;
  measure(options: BenchOptions): Promise<readonly Figure[]>;
}

/** The figures as rows of a Markdown table. */
export const tableOf = (figures: readonly Figure[]): string =>
  [
    "| What | Measured | Floor | Ratio | Target | |",
    "|---|---|---|---|---|---|",
    ...figures.map(
      ({ what, measured, floor = "", ratio, target = "", isMet }) =>
        `| ${what} | ${measured} | ${floor} | ${ratio?.toFixed(2) ?? ""} | ${target} | ${verdict(isMet)} |`,
    ),
  ].join("\n");

const verdict = (isMet: boolean | undefined): string => (isMet === undefined ? "" : isMet ? "met" : "short");

export const ms = (value: number): string => `${value.toFixed(value < 10 ? 2 : 0)} ms`;
export const micros = (value: number): string => `${Math.round(value)} µs`;
export const perSecond = (value: number): string => `${Math.round(value).toLocaleString("en")}/s`;
