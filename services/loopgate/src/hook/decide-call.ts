import type { Asked, Verdict } from "@loopgate/hosts";
import { decide, type Rule, type Rules } from "@loopgate/hosts/rules";

/** What happens to a call without a person, or that a person is asked. */
export type CallDecision = Verdict | { readonly kind: "ask_person"; readonly rule?: Rule | undefined };

export interface DecideOptions {
  readonly rules: Rules | undefined;
  readonly isGate: boolean;
  /** False if no person is at the terminal: there the host turns its own prompt into a denial. */
  readonly isAttended: boolean;
}

/** @throws Error if a rule takes too long to evaluate. */
export function decideCall(asked: Asked, { rules, isGate, isAttended }: DecideOptions): CallDecision {
  // Questions and plans run nothing: the host shows them, and asks us when it does.
  if (asked.kind !== "tool") return asked.point === "permission" ? { kind: "ask_person" } : { kind: "none" };
  const decision = rules && decide(rules, asked);
  const rule = decision?.rule;
  switch (decision?.do ?? defaultOf(asked, rules, isGate)) {
    case "deny":
      return { kind: "deny", reason: rule?.message ?? `A rule denies ${asked.tool} here.` };
    case "none":
      return { kind: "none" };
    case "allow":
      // In prompt mode a rule does not run what the host would ask about, before the host asks.
      return asked.point === "before_call" && !isGate ? { kind: "none" } : { kind: "allow" };
    case "ask":
      return asked.point === "before_call" && !isGate && isAttended
        ? { kind: "ask", reason: rule?.message ?? `A rule of Loopgate asks about ${asked.tool}.` }
        : { kind: "ask_person", rule };
  }
}

/** What happens to a call that no rule names. Where the host itself would ask, a person is asked. */
function defaultOf({ point }: Asked, rules: Rules | undefined, isGate: boolean): Rules["default"] {
  if (point === "permission") return "ask";
  return isGate ? (rules?.default ?? "ask") : "none";
}
