import { z } from "zod";
import { runLoopgate } from "./command.ts";

const Report = z.object({
  version: z.string(),
  ok: z.boolean(),
  findings: z.array(
    z.object({ level: z.enum(["ok", "warning", "problem"]), subject: z.string(), message: z.string() }),
  ),
});

/** The findings of a doctor. Its exit code is 1 if and only if it reports a problem. */
export interface Diagnosis {
  /** Every finding as `<level> <subject>: <message>`. */
  readonly lines: readonly string[];
  /** Those that are not `ok`. */
  readonly bad: readonly string[];
}

/** Runs `loopgate doctor --json`. */
export async function diagnose(
  environment: Readonly<Record<string, string>>,
  ...flags: readonly string[]
): Promise<Diagnosis> {
  const { code, output } = await runLoopgate(["doctor", "--json", ...flags], environment);
  const { ok, findings } = Report.parse(JSON.parse(output));
  const hasProblem = findings.some(({ level }) => level === "problem");
  if (ok === hasProblem || code !== (hasProblem ? 1 : 0)) throw new Error(`code ${code} with ${output}`);
  const linesOf = (chosen: typeof findings) =>
    chosen.map(({ level, subject, message }) => `${level} ${subject}: ${message}`);
  return { lines: linesOf(findings), bad: linesOf(findings.filter(({ level }) => level !== "ok")) };
}
