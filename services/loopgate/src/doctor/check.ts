import { withTimeout } from "@loopgate/async";
import { version } from "@loopgate/runtime";
import type { Environment } from "@loopgate/settings";

/** One sentence; for a problem followed by a colon and the next step. It holds no secret and no text of a chat. */
export interface Finding {
  /** `problem`: something does not work, or will not. `warning`: it works, but needs attention. */
  readonly level: "ok" | "warning" | "problem";
  readonly message: string;
}

export const ok = (message: string): Finding => ({ level: "ok", message });
export const warning = (message: string): Finding => ({ level: "warning", message });
export const problem = (message: string): Finding => ({ level: "problem", message });

export interface DoctorOptions {
  readonly environment: Environment;
  /** Send a message to the default chat. */
  readonly sendTest: boolean;
  /** Poll the bot if no Loopgate of this user does. This interrupts other pollers. */
  readonly poll: boolean;
}

/** Checks one thing. */
export interface Check {
  readonly subject: string;
  /** In milliseconds. Default 5,000. */
  readonly timeoutMs?: number;
  /** The problem to report after the timeout. */
  readonly timeoutMessage?: string;
  readonly run: () => Promise<readonly Finding[]>;
}

/** A finding with the subject of its check. */
export interface Result extends Finding {
  readonly subject: string;
}

const TIMEOUT_MS = 5_000;
const TIMEOUT_MESSAGE = "the check takes too long: try again when the machine is less busy";

/** Runs all checks at once. A check that fails or times out affects no other. The results are in the order of the checks. */
export async function runChecks(checks: readonly Check[]): Promise<readonly Result[]> {
  const results = await Promise.all(
    checks.map(async (check) => {
      const findings = await findingsOf(check);
      return findings.map((finding) => ({ subject: check.subject, ...finding }));
    }),
  );
  return results.flat();
}

async function findingsOf({
  run,
  timeoutMessage = TIMEOUT_MESSAGE,
  timeoutMs = TIMEOUT_MS,
}: Check): Promise<readonly Finding[]> {
  try {
    return await withTimeout(run(), timeoutMs, () => [problem(timeoutMessage)]);
  } catch (error) {
    // The message of an unexpected error may contain secrets.
    const name = error instanceof Error ? error.name : typeof error;
    return [problem(`the check failed (${name}): report this as a bug of the doctor`)];
  }
}

export const hasNoProblem = (results: readonly Result[]): boolean =>
  results.every(({ level }) => level !== "problem");

/** One line for each finding, and a last line with the counts. */
export function formatText(results: readonly Result[]): string {
  const lines = results.map(({ level, subject, message }) => `${level.padEnd(7)}  ${subject}: ${message}`);
  const count = (level: Result["level"]) => results.filter((result) => result.level === level).length;
  return [...lines, `problems: ${count("problem")}, warnings: ${count("warning")}`, ""].join("\n");
}

/** One JSON object, for scripts. */
export const formatJson = (results: readonly Result[]): string =>
  `${JSON.stringify({ version, ok: hasNoProblem(results), findings: results })}\n`;
