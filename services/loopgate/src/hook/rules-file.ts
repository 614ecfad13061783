import { join } from "node:path";
import type { Rules } from "@loopgate/hosts/rules";
import type { Environment } from "@loopgate/settings";
import { userConfigDirectory, valueOf } from "../environment.ts";

// Not imported, for the reason in environment.ts.
const { readFileSync } = process.getBuiltinModule("node:fs");

/** The operator's rules; `none` if there is no file and none is configured. */
export type RulesRead =
  | { readonly kind: "rules"; readonly rules: Rules }
  | { readonly kind: "none" }
  | { readonly kind: "invalid"; readonly problem: string };

/** Where the rules are: the file in `LOOPGATE_RULES_FILE`, or else `rules.json` in the user's configuration directory. */
const rulesFileOf = (environment: Environment): string =>
  valueOf(environment, "LOOPGATE_RULES_FILE") ?? join(userConfigDirectory(environment), "rules.json");

/** Reads the rules. What evaluates them is loaded only if there are any. */
export async function readRules(environment: Environment): Promise<RulesRead> {
  const file = rulesFileOf(environment);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const isAbsent = error instanceof Error && "code" in error && error.code === "ENOENT";
    if (isAbsent && valueOf(environment, "LOOPGATE_RULES_FILE") === undefined) return { kind: "none" };
    return { kind: "invalid", problem: `the rules in ${file} can't be read: correct LOOPGATE_RULES_FILE` };
  }
  const { parseRules } = await import("@loopgate/hosts/rules");
  const result = parseRules(text);
  return result.kind === "rules"
    ? result
    : { kind: "invalid", problem: `the rules in ${file} are not valid: ${result.problems.join("; ")}` };
}
