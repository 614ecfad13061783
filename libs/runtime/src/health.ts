import { withTimeout } from "@loopgate/async";
import { describeError } from "./logger.ts";

/** Something this process depends on. */
export interface HealthCheck {
  readonly name: string;
  /** A part that is not required is reported without making the process unready. */
  readonly required: boolean;
  /** Resolves when the part answers; a rejection's first line says why not. */
  check(): Promise<void>;
}

export interface HealthReport {
  readonly ready: boolean;
  /** By name: `ok`, or in one line what is wrong. */
  readonly parts: Readonly<Record<string, string>>;
}

/** How long one part may take to answer, in milliseconds. */
const DEADLINE_MS = 2_000;
const SILENT = "no answer within 2 s: see whether it runs, and the network";

/** Asks all parts at once. */
export async function checkHealth(checks: readonly HealthCheck[]): Promise<HealthReport> {
  const parts = await Promise.all(checks.map(async (part) => ({ part, state: await stateOf(part) })));
  return {
    ready: parts.every(({ part, state }) => state === "ok" || !part.required),
    parts: Object.fromEntries(parts.map(({ part, state }) => [part.name, state])),
  };
}

async function stateOf(part: HealthCheck): Promise<string> {
  try {
    return await withTimeout(
      part.check().then(() => "ok"),
      DEADLINE_MS,
      () => SILENT,
    );
  } catch (error) {
    return describeError(error).message;
  }
}
