import { withTimeout } from "@loopgate/async";
import { type Finding, problem } from "./finding.ts";

/** One look at one thing. */
export interface Check {
  readonly subject: string;
  /** How long it may take, in milliseconds. Default 5,000. */
  readonly deadlineMs?: number;
  /** What it means that it takes longer, with the next step. */
  readonly silence?: string;
  readonly look: () => Promise<readonly Finding[]>;
}

/** What was found, and about what. */
export interface Result extends Finding {
  readonly subject: string;
}

const DEADLINE_MS = 5_000;
const SILENCE = "it takes too long to look at this: try again when the machine is less busy";

/** Makes all checks at once; none waits for another, or fails with it. The results come in the order of the checks. */
export async function examine(checks: readonly Check[]): Promise<readonly Result[]> {
  const results = await Promise.all(
    checks.map(async (check) => {
      const findings = await findingsOf(check);
      return findings.map((finding) => ({ subject: check.subject, ...finding }));
    }),
  );
  return results.flat();
}

async function findingsOf({
  look,
  silence = SILENCE,
  deadlineMs = DEADLINE_MS,
}: Check): Promise<readonly Finding[]> {
  try {
    return await withTimeout(look(), deadlineMs, () => [problem(silence)]);
  } catch (error) {
    // Its text could hold anything.
    const name = error instanceof Error ? error.name : typeof error;
    return [problem(`could not be looked at (${name}): report this as a mistake of the doctor`)];
  }
}
