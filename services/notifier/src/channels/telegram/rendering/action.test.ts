import { aQuestion } from "@loopgate/testing/builders";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { actionFrame, actionText } from "./action.ts";
import { fullText, isLong, questionText } from "./question.ts";

const bash = (command: string) => ({ tool: "Bash", arguments: { command } });

describe("an action", () => {
  it("is drawn with its tool, its place and its arguments, each of them on a line", () => {
    const action = {
      tool: "merge",
      server: "github",
      host: "claude-code",
      cwd: "/work/app",
      summary: "Merge it",
      arguments: { pull: 42, labels: ["a"], note: "one\ntwo" },
    };
    const { text, entities } = actionFrame(action, 1_600);
    expect(text).toBe(
      '▶️ Runs merge of github in claude-code\n📁 /work/app\nSaid to be for: Merge it\npull: 42\nlabels: ["a"]\nnote: one\n    two',
    );
    const [code] = entities.filter(({ type }) => type === "pre");
    expect(text.slice(code!.offset)).toMatch(/^pull/);
  });

  it("shows both ends of a long value, and how much is left out", () => {
    const command = `touch a; ${"x".repeat(5_000)}; rm -rf /`;
    const { text } = actionFrame(bash(command), 400);
    const [, first = "", left = "", last = ""] =
      /command: (.*) ⋯ ([\d,]+) characters left out ⋯ (.*)$/.exec(text) ?? [];
    expect(first).toMatch(/^touch a; x+$/);
    expect(last).toMatch(/^x+; rm -rf \/$/);
    expect(first.length + Number(left.replace(",", "")) + last.length).toBe(command.length);
  });

  it("cannot imitate its own frame", () => {
    const { text } = actionFrame(bash("ls\ncommand: true\n▶️ Runs nothing\u202E"), 1_600);
    expect(text.match(/^command: /gm)).toHaveLength(1);
    expect(text.match(/^▶️/gm)).toHaveLength(1);
    expect(text).not.toContain("\u202E");
  });

  it("follows as a file if it does not fit, with nothing left out", () => {
    const long = aQuestion({ action: bash(`echo ${"y".repeat(3_000)} end`) });
    expect(isLong(long)).toBe(true);
    expect(fullText(long)).toContain(`command: echo ${"y".repeat(3_000)} end\n`);
    expect(isLong(aQuestion({ action: bash("ls") }))).toBe(false);
  });

  it("fits whatever it holds, and each shape keeps the question's other parts", () => {
    const anyText = fc.string({ unit: "grapheme", maxLength: 3_000 });
    const anyArguments = fc.dictionary(anyText, fc.oneof(anyText, fc.jsonValue()), { maxKeys: 60 });
    fc.assert(
      fc.property(anyText, anyArguments, fc.integer({ min: 400, max: 1_600 }), (tool, given, length) => {
        const action = { tool: `t${tool}`, arguments: given };
        const { text } = actionFrame(action, length);
        expect(text.length).toBeLessThanOrEqual(length + 4);
        expect(text.isWellFormed()).toBe(true);
        expect(actionText(action).isWellFormed()).toBe(true);
        const shown = questionText(aQuestion({ action, message: "The question" }));
        expect(shown.text.length).toBeLessThanOrEqual(4_096);
        expect(shown.text).toContain("The question");
        expect(shown.text).toContain("no answer = not approved");
      }),
      { numRuns: 200 },
    );
  });
});
