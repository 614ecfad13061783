import { version } from "@loopgate/runtime";
import type { Result } from "./examine.ts";

/** True if nothing has to be done. */
export const isWell = (results: readonly Result[]): boolean =>
  results.every(({ level }) => level !== "problem");

/** A line a finding, and one that counts them. */
export function asText(results: readonly Result[]): string {
  const lines = results.map(({ level, subject, message }) => `${level.padEnd(7)}  ${subject}: ${message}`);
  const count = (level: Result["level"]) => results.filter((result) => result.level === level).length;
  return [...lines, `problems: ${count("problem")}, warnings: ${count("warning")}`, ""].join("\n");
}

/** One object, for scripts. */
export const asJson = (results: readonly Result[]): string =>
  `${JSON.stringify({ version, ok: isWell(results), findings: results })}\n`;
