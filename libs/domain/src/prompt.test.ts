import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { OfferedOption } from "./effects.ts";
import { promptOf } from "./prompt.ts";

const promptFor = (offered: Parameters<typeof promptOf>[0]) => {
  const result = promptOf(offered);
  if (result.kind === "invalid") throw new Error(result.problem.detail);
  return result.prompt;
};

it("is a choice with options and an input without", () => {
  expect(promptFor({ message: "m", options: [{ label: "a" }] }).kind).toBe("choice");
  expect(promptFor({ message: "m" }).kind).toBe("input");
  expect(promptFor({ message: "m", options: [] }).kind).toBe("input");
});

it("offers Approve and Deny for a confirmation without options", () => {
  expect(promptFor({ message: "m", requestType: "confirmation" }).options).toEqual([
    { value: "Approve", label: "Approve", effect: "approve" },
    { value: "Deny", label: "Deny", effect: "deny" },
  ]);
});

it("keeps a declared type beside options: options make buttons with any type", () => {
  const prompt = promptFor({ message: "m", requestType: "input", options: [{ label: "a" }] });
  expect(prompt).toMatchObject({ kind: "input", options: [{ label: "a" }] });
});

it("takes the label as shown for the value", () => {
  const { options } = promptFor({
    message: "m",
    options: [{ label: " a\n b\u202E " }, { label: "b", value: "B " }],
  });
  expect(options.map(({ label, value }) => [label, value])).toEqual([
    ["a  b", "a  b"],
    ["b", "B "],
  ]);
});

const problemOf = (options: readonly OfferedOption[]) => {
  const result = promptOf({ message: "m", options });
  if (result.kind !== "invalid") return undefined;
  const { path, detail } = result.problem;
  return `${path.join(".")}: ${detail}`;
};

it("refuses a choice without options", () => {
  expect(promptOf({ message: "m", requestType: "choice" })).toEqual({
    kind: "invalid",
    problem: { path: ["options"], detail: "a choice needs at least one option" },
  });
});

describe("options that a person could confuse are refused:", () => {
  it.each([
    [
      "the same value",
      [{ label: "a" }, { label: "b", value: "a" }],
      /^options\.1: has the value of options\.0/,
    ],
    [
      "a label with the opposite effect",
      [{ label: "Deny", effect: "approve" }],
      /^options\.0: the label is a word/,
    ],
    [
      "a label with the opposite effect beside others",
      [
        { label: "Yes", effect: "approve" },
        { label: "Publish", effect: "deny" },
      ],
      /^options\.1: the label is a word/,
    ],
    [
      "equal labels",
      [
        { label: "a", value: "1" },
        { label: "a", value: "2" },
      ],
      /^options\.1: the label reads like/,
    ],
    [
      "another letter case",
      [{ label: "Prod" }, { label: "x" }, { label: "PROD" }],
      /^options\.2: .* options\.0/,
    ],
    ["another case of many letters", [{ label: "Straße" }, { label: "STRASSE" }], /^options\.1: /],
    ["a zero-width space", [{ label: "prod" }, { label: "pr\u200Bod" }], /^options\.1: /],
    ["a Hangul filler", [{ label: "prod" }, { label: "prod\u3164" }], /^options\.1: /],
    ["more white space", [{ label: "a b" }, { label: "a\u00A0  b" }], /^options\.1: /],
    ["a composed letter", [{ label: "é" }, { label: "e\u0301" }], /^options\.1: /],
    ["a variation selector", [{ label: "❤" }, { label: "❤\uFE0F" }], /^options\.1: /],
  ] as const)("%s", (_name, options, problem) => {
    expect(problemOf(options)).toMatch(problem);
  });

  it.each([
    "",
    " \u200E\n",
    "\u3164",
    "\u200B",
    "\u2800",
    "\uFFA0\u00A0",
    "\u{E0061}",
    "\u{1D159}",
    "\uFE0F",
  ])("a label without a visible character: %j", (label) => {
    expect(problemOf([{ label: "a" }, { label }])).toBe("options.1.label: must have a visible character");
  });
});

it.each([[["a", "b"]], [["é", "e"]], [["🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🏴󠁧󠁢󠁳󠁣󠁴󠁿"]], [["👍", "👎"]], [["1", "2", "①"]], [["+", "-"]]])(
  "accepts labels that look different: %j",
  (labels) => {
    expect(problemOf(labels.map((label) => ({ label })))).toBeUndefined();
  },
);

const invisible = fc
  .array(
    fc.constantFrom(
      ..."\u00AD\u034F\u115F\u17B4\u180E\u200B\u200C\u2060\u2800\u3164\uFE00\uFEFF\uFFA0".split(""),
    ),
    {
      minLength: 1,
      maxLength: 8,
    },
  )
  .map((characters) => characters.join(""));

it("sees neither a difference nor a label in characters that draw nothing", () => {
  const word = fc.stringMatching(/^[a-z]{1,8}$/);
  fc.assert(
    fc.property(word, invisible, fc.nat(), fc.boolean(), (label, hidden, at, upper) => {
      const place = at % (label.length + 1);
      const other = label.slice(0, place) + hidden + label.slice(place);
      const options = [
        { label, value: "1" },
        { label: upper ? other.toUpperCase() : other, value: "2" },
      ];
      expect(problemOf(options)).toMatch(/^options\.1: the label reads like/);
      expect(problemOf([{ label: hidden }])).toBe("options.0.label: must have a visible character");
      expect(problemOf([{ label: other }])).toBeUndefined();
    }),
    { numRuns: 1_000 },
  );
});
