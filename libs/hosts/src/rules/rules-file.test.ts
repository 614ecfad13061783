import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseRules } from "./rules-file.ts";

const problemsOf = (file: unknown): readonly string[] => {
  const result = parseRules(typeof file === "string" ? file : JSON.stringify(file));
  return result.kind === "invalid" ? result.problems : [];
};

const rule = (more: object) => ({ rules: [{ tool: "*", do: "allow", ...more }] });

describe("a rules file", () => {
  it("is read as the page for Claude Code prints it", () => {
    const page = readFileSync(new URL("../../../../docs/hosts/claude-code.md", import.meta.url), "utf8");
    expect(problemsOf(/```json\n([^]*?)```/.exec(page)?.[1] ?? "")).toEqual([]);
  });

  it("is read with everything that a rule may say", () => {
    const args = { command: { regex: "^ls" }, amount: { gt: 1, lt: 9 }, branch: { in: ["main", 7, null] } };
    const more = { message: "m", session: "ops", timeout_seconds: 60, args };
    const result = parseRules(JSON.stringify({ default: "deny", ...rule(more) }));
    expect(result).toMatchObject({
      kind: "rules",
      rules: {
        default: "deny",
        rules: [{ tool: "*", do: "allow", message: "m", session: "ops", timeoutSeconds: 60 }],
      },
    });
  });

  it.each([
    ["no JSON", "{"],
    ["no object", []],
    ["an unknown member", { rules: [], defaults: "allow" }],
    ["an unknown default", { default: "yes" }],
    ["rules that are no list", { rules: {} }],
    ["a rule that is no object", { rules: ["allow"] }],
    ["a rule without a tool", { rules: [{ do: "allow" }] }],
    ["a rule without an action", { rules: [{ tool: "*" }] }],
    ["an action in capitals", rule({ do: "Deny" })],
    ["a condition of later versions", rule({ when: "true" })],
    ["a count of approvals, which is not built yet", rule({ required: 2 })],
    ["a misspelt member", rule({ arg: { command: { eq: "ls" } } })],
    ["an argument without a predicate", rule({ args: { command: {} } })],
    ["an argument compared with a text alone", rule({ args: { command: "ls" } })],
    ["an unknown predicate", rule({ args: { command: { prefix: "ls" } } })],
    ["a bound that is a text", rule({ args: { amount: { gt: "1000" } } })],
    ["a list of lists", rule({ args: { amount: { in: [[1]] } } })],
    ["an expression that is none", rule({ args: { command: { regex: "(" } } })],
    ["an empty pattern", rule({ tool: "" })],
    ["a time of 0 seconds", rule({ timeout_seconds: 0 })],
  ])("with %s is refused with a sentence for each problem", (_, file) => {
    expect(problemsOf(file).length).toBeGreaterThan(0);
    for (const problem of problemsOf(file)) expect(problem).toMatch(/^(the file|rules)\S* .{5,}/);
  });

  it("names the place of each problem", () => {
    expect(
      problemsOf({
        rules: [
          { tool: "a", do: "ask" },
          { tool: "b", do: "ask", args: { x: { eq: [] } } },
        ],
      }),
    ).toEqual([
      "rules[1].args.x eq must be a text, a number, true, false or null",
      "rules[1].args.x needs one of eq, in, gt, lt, glob and regex",
    ]);
  });
});
