import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseJson } from "@loopgate/runtime/json";
import { HostileInputs } from "@loopgate/testing";
import { describe, expect, it } from "vitest";
import { claudeCode } from "./claude-code.ts";
import type { Asked, Verdict } from "./codec.ts";

const golden = join(import.meta.dirname, "../golden/claude-code");

/** What Claude Code 2.1.332 sent, what it means, and how each verdict is written. */
interface GoldenCase {
  readonly stdin: unknown;
  readonly event: unknown;
  readonly outputs?: readonly { readonly verdict: Verdict; readonly output: unknown }[];
}

const cases = readdirSync(golden).map((name): [string, GoldenCase] => [
  name,
  JSON.parse(readFileSync(join(golden, name), "utf8")),
]);

const isAsked = (event: { readonly kind: string }): event is Asked =>
  ["tool", "questions", "plan"].includes(event.kind);

describe.each(cases)("%s", (_, { stdin, event, outputs = [] }) => {
  it("is read", () => {
    // As JSON: an absent member and an undefined one are the same.
    expect(JSON.parse(JSON.stringify(claudeCode.decode(stdin)))).toEqual(event);
  });

  it.each(outputs)("is answered with $verdict.kind", ({ verdict, output }) => {
    const asked = claudeCode.decode(stdin);
    if (!isAsked(asked)) throw new Error("nothing is asked");
    const { stdout, ...rest } = claudeCode.encode(asked, verdict);
    expect({ ...rest, stdout: stdout === "" ? "" : JSON.parse(stdout) }).toEqual(output);
  });
});

describe("10,000 hostile inputs", () => {
  const inputs = new HostileInputs(13);
  const events = Array.from({ length: 10_000 }, () => {
    const text = inputs.textOf(inputs.pick(cases)[1].stdin);
    const json = parseJson(text);
    return claudeCode.decode(json.kind === "value" ? json.value : undefined);
  });
  const asked = events.filter(isAsked);
  const behaviors = (verdict: Verdict) =>
    asked.map((one) => {
      const { stdout } = claudeCode.encode(one, verdict);
      const { decision, permissionDecision } = stdout === "" ? {} : JSON.parse(stdout).hookSpecificOutput;
      return { asked: one, behavior: decision?.behavior ?? permissionDecision, decision };
    });

  it("are of every kind", () => {
    const kinds = new Set(events.map(({ kind }) => kind));
    expect(kinds).toEqual(new Set(["tool", "questions", "plan", "settled", "ignored", "unreadable"]));
  });

  it("are never allowed without the verdict that allows", () => {
    expect(new Set(behaviors({ kind: "none" }).map(({ behavior }) => behavior))).toEqual(
      new Set([undefined]),
    );
    expect(new Set(behaviors({ kind: "deny", reason: "" }).map(({ behavior }) => behavior))).toEqual(
      new Set(["deny"]),
    );
    const left = behaviors({ kind: "ask", reason: "r" }).map(({ behavior }) => behavior);
    expect(new Set(left)).toEqual(new Set(["ask", undefined]));
  });

  it("return each question as it came, with one answer for each of them", () => {
    const answered = behaviors({ kind: "answers", answers: ["a"] }).filter(({ decision }) => decision);
    expect(answered.length).toBeGreaterThan(10);
    for (const { asked: one, decision } of answered) {
      if (one.kind !== "questions") throw new Error(`${one.kind} was answered`);
      const { answers, ...input } = decision.updatedInput;
      expect(input).toEqual({ ...one.input, answers: undefined });
      expect(Object.keys(answers)).toEqual(one.questions.map(({ text }) => text));
    }
  });

  it.each(["not json", "[]", "null", "{}", '{"session_id":"s"}'])("refuses %s", (text) => {
    const json = parseJson(text);
    expect(claudeCode.decode(json.kind === "value" ? json.value : undefined).kind).toBe("unreadable");
    expect(claudeCode.refuse("why")).toEqual({ stdout: "", stderr: "why\n", exit: 2 });
  });
});
