import type { Host } from "../codec.ts";
import type { JsonObject } from "../values.ts";
import { callNames } from "./call-names.ts";
import { type Match, matchPredicate } from "./predicates.ts";
import type { Action, Rule, Rules } from "./rules-file.ts";
import { matchesWildcard } from "./wildcard.ts";

// One file less than an index of its own: a hook loads this before every call.
export { callNames } from "./call-names.ts";
export { parseRules, type Rule, type Rules } from "./rules-file.ts";

/** What the rules say about a call. */
export interface RuleDecision {
  readonly do: Action;
  /** The rule that decided; absent if no rule names the call. */
  readonly rule?: Rule | undefined;
}

export interface RuledCall {
  readonly host: Host;
  /** The name that the host uses. */
  readonly tool: string;
  readonly input: JsonObject;
}

/**
 * The first rule that matches decides. A rule that relaxes (`allow`, `none`) matches only if all that it names is certain; a
 * rule that tightens (`ask`, `deny`) matches also what is unclear. Undefined: no rule names the call.
 * @throws Error if a regular expression takes too long.
 */
export function decide({ rules }: Rules, call: RuledCall): RuleDecision | undefined {
  const names = callNames(call.host, call.tool);
  const rule = rules.find((one) => {
    const match = matchRule(one, names, call.input);
    return isRelaxing(one) ? match === "yes" : match !== "no";
  });
  return rule && { do: rule.do, rule };
}

const isRelaxing = (rule: Rule): boolean => rule.do === "allow" || rule.do === "none";

function matchRule(rule: Rule, names: readonly string[], input: JsonObject): Match {
  const named = names.filter((name) => matchesWildcard(rule.tool, name)).length;
  if (named === 0) return "no";
  const name: Match = named === names.length ? "yes" : "unclear";
  const matches = rule.args.map(([argument, predicate]) =>
    Object.hasOwn(input, argument) ? matchPredicate(predicate, input[argument]) : "no",
  );
  if (matches.includes("no")) return "no";
  return [name, ...matches].includes("unclear") ? "unclear" : "yes";
}
