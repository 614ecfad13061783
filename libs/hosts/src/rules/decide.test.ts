import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { callNames } from "./call-names.ts";
import { decide } from "./decide.ts";
import type { Predicate } from "./predicates.ts";
import { parseRules, type Rules } from "./rules-file.ts";
import { matchesWildcard } from "./wildcard.ts";

function rulesOf(...rules: readonly object[]): Rules {
  const result = parseRules(JSON.stringify({ rules }));
  if (result.kind === "invalid") throw new Error(result.problems.join());
  return result.rules;
}

const decided = (rules: Rules, tool: string, input = {}) =>
  decide(rules, { host: "claude-code", tool, input })?.do;

describe("rules", () => {
  it("decide by the first match", () => {
    const rules = rulesOf({ tool: "claude-code:Read", do: "allow" }, { tool: "claude-code:*", do: "ask" });
    expect(decided(rules, "Read")).toBe("allow");
    expect(decided(rules, "Bash")).toBe("ask");
    expect(decided(rules, "mcp__github__get_issue")).toBeUndefined();
  });

  it.each([
    [{ eq: "main" }, "main", "master"],
    [{ eq: true }, true, false],
    [{ in: ["a", "b"] }, "b", "c"],
    [{ gt: 1_000 }, 1_000.5, 1_000],
    [{ lt: 10 }, 9, 10],
    [
      { glob: "https://docs.example.com/*" },
      "https://docs.example.com/a/b",
      "https://docs.example.com.evil.test/",
    ],
    [{ regex: "^git (status|diff)$" }, "git diff", "git push"],
  ])("compare an argument: %j", (predicate, matching, other) => {
    const rules = rulesOf({ tool: "*", args: { x: predicate }, do: "ask" });
    expect(decided(rules, "Any", { x: matching })).toBe("ask");
    expect(decided(rules, "Any", { x: other })).toBeUndefined();
    expect(decided(rules, "Any", {})).toBeUndefined();
    expect(decided(rules, "Any", Object.create({ x: matching }))).toBeUndefined();
  });

  it("need all predicates", () => {
    const rules = rulesOf({ tool: "*", args: { x: { gt: 1, lt: 5 }, y: { eq: "b" } }, do: "allow" });
    expect(decided(rules, "Any", { x: 3, y: "b" })).toBe("allow");
    expect(decided(rules, "Any", { x: 6, y: "b" })).toBeUndefined();
    expect(decided(rules, "Any", { x: 3, y: "c" })).toBeUndefined();
  });

  it.each([
    ["a list in place of a text", { glob: "rm *" }, ["rm -rf /"]],
    ["a text in place of a number", { gt: 5 }, "9"],
    ["a number in place of a text", { eq: "5" }, 5],
    ["a text in place of a number that is equal to it", { eq: 5 }, "5"],
    ["a path that climbs", { glob: "/etc/*" }, "/work/../etc/passwd"],
    ["another normal form", { eq: "caf\u00e9" }, "cafe\u0301"],
  ])("tighten, and never relax, what is unclear: %s", (_, predicate, given) => {
    const args = { x: predicate };
    expect(decided(rulesOf({ tool: "*", args, do: "deny" }), "Any", { x: given })).toBe("deny");
    expect(decided(rulesOf({ tool: "*", args, do: "ask" }), "Any", { x: given })).toBe("ask");
    expect(decided(rulesOf({ tool: "*", args, do: "allow" }), "Any", { x: given })).toBeUndefined();
    expect(decided(rulesOf({ tool: "*", args, do: "none" }), "Any", { x: given })).toBeUndefined();
  });

  it("read a name with several underscores in each way", () => {
    expect(callNames("claude-code", "mcp__a__b__c")).toEqual(["a.b__c", "a__b.c"]);
    expect(decided(rulesOf({ tool: "a.*", do: "allow" }), "mcp__a__b__c")).toBeUndefined();
    expect(decided(rulesOf({ tool: "a.*", do: "deny" }), "mcp__a__b__c")).toBe("deny");
  });

  it("fail, and do not hang, on an expression that takes too long", () => {
    const rules = rulesOf({ tool: "*", args: { x: { regex: "^(a+)+$" } }, do: "allow" });
    expect(() => decided(rules, "Any", { x: `${"a".repeat(60)}b` })).toThrow(/timed out/);
  });
});

describe("a wildcard", () => {
  it.each([
    ["*", "", true],
    ["a*c", "abbc", true],
    ["a*c", "abcd", false],
    ["a?c", "abc", true],
    ["a?c", "ac", false],
    ["*ab*ab", "abxabyab", true],
    ["a.c", "abc", false],
    ["**", "a/b", true],
  ])("%s and %s: %s", (pattern, text, matches) => {
    expect(matchesWildcard(pattern, text)).toBe(matches);
  });

  it("does not slow down on a text that was made for it", () => {
    expect(matchesWildcard(`${"*a".repeat(30)}b`, "a".repeat(100_000))).toBe(false);
  });
});

const letter = fc.constantFrom("a", "b", "é", "1", "/", "..", " ");
const word = fc.array(letter, { maxLength: 4 }).map((letters) => letters.join(""));
const scalar = fc.oneof(word, fc.integer({ min: 0, max: 3 }), fc.boolean(), fc.constant(null));
const predicate = fc.oneof(
  fc.record({ eq: scalar }),
  fc.record({ in: fc.array(scalar, { maxLength: 3 }) }),
  fc.record({ gt: fc.integer({ min: 0, max: 3 }) }),
  fc.record({ lt: fc.integer({ min: 0, max: 3 }) }),
  fc.record({ glob: fc.constantFrom("*", "a*", "*b", "/a/*", "?") }),
  fc.record({ regex: fc.constantFrom("^a", "b$", "^[a1]*$", "é") }),
);
const rule = fc.record({
  tool: fc.constantFrom("*", "claude-code:*", "claude-code:T", "s.*", "s__t.*"),
  args: fc.dictionary(fc.constantFrom("x", "y"), predicate, { maxKeys: 2 }),
  do: fc.constantFrom("allow", "ask", "deny", "none"),
});
const input = fc.dictionary(fc.constantFrom("x", "y"), scalar, { minKeys: 1, maxKeys: 2 });
const tool = fc.constantFrom("T", "mcp__s__t", "mcp__s__t__u");

/** Other ways to write the same values, which a tool may take for equal. */
const disguises: readonly ((value: unknown) => unknown)[] = [
  (value) => [value],
  (value) => ({ value }),
  (value) => (typeof value === "string" ? value.normalize("NFD") : value),
  (value) => (typeof value === "number" || typeof value === "boolean" ? String(value) : value),
  (value) => (typeof value === "string" && /^\d$/.test(value) ? Number(value) : value),
];
const disguise = fc.constantFrom(...disguises);

/** True if the call is asked or denied by a rule that compares arguments of the type that they have. */
function isTight(rules: Rules, tool: string, given: Readonly<Record<string, unknown>>): boolean {
  const { rule } = decide(rules, { host: "claude-code", tool, input: given }) ?? {};
  return (
    (rule?.do === "ask" || rule?.do === "deny") &&
    rule.args.every(([name, one]) => compares(one, given[name]))
  );
}

function compares(predicate: Predicate, argument: unknown): boolean {
  if (predicate.kind === "eq") return typeof predicate.value === typeof argument;
  if (predicate.kind === "in") return predicate.values.every((value) => typeof value === typeof argument);
  const isNumeric = predicate.kind === "gt" || predicate.kind === "lt";
  return typeof argument === (isNumeric ? "number" : "string");
}

const isRelaxed = (action: string | undefined): boolean => action === "allow" || action === "none";

describe("whatever the rules", () => {
  it("unknown arguments and the order of arguments change nothing", () => {
    fc.assert(
      fc.property(
        fc.array(rule, { maxLength: 5 }),
        tool,
        input,
        fc.jsonValue(),
        (given, name, args, extra) => {
          const rules = rulesOf(...given);
          const turned = Object.fromEntries(Object.entries({ ...args, z: extra, w: extra }).toReversed());
          expect(decided(rules, name, turned)).toBe(decided(rules, name, args));
        },
      ),
      { numRuns: 500 },
    );
  });

  it("no type and no encoding of an argument gets a call past a deny or an ask that comes first", () => {
    let tight = 0;
    fc.assert(
      fc.property(
        fc.array(rule, { minLength: 1, maxLength: 5 }),
        tool,
        input,
        disguise,
        (given, name, args, change) => {
          const isRelaxing = (one: { do: string }) => one.do === "allow" || one.do === "none";
          const rules = rulesOf(...given.toSorted((a, b) => Number(isRelaxing(a)) - Number(isRelaxing(b))));
          if (!isTight(rules, name, args)) return;
          tight += 1;
          const changed = Object.fromEntries(
            Object.entries(args).map(([key, value]) => [key, change(value)]),
          );
          expect(isRelaxed(decided(rules, name, changed))).toBe(false);
        },
      ),
      { numRuns: 5_000 },
    );
    expect(tight).toBeGreaterThan(500);
  });
});
