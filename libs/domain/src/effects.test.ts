import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { contradicts, isApproval, withEffects } from "./effects.ts";

const effectsOf = (...labels: string[]) =>
  withEffects(labels.map((label) => ({ label }))).map((option) => option.effect);

describe("without declared effects", () => {
  it.each("approve approved yes allow accept ok confirm proceed continue".split(" "))(
    "%s approves",
    (label) => {
      expect(effectsOf(label)).toEqual(["approve"]);
    },
  );

  it.each("deny denied no reject rejected decline cancel abort stop block hold".split(" "))(
    "%s denies",
    (label) => {
      expect(effectsOf(label)).toEqual(["deny"]);
    },
  );

  it.each("deploy execute run go ship merge publish apply send".split(" "))(
    "%s approves only beside a denial",
    (label) => {
      expect(effectsOf(label, "Later")).toEqual(["neutral", "neutral"]);
      expect(effectsOf(label, "No")).toEqual(["approve", "deny"]);
    },
  );

  it.each(["✅ Approve", "YES!", "«ok»", " Yes ", "👍🏽 yes", "O.K.", "o\u200Bk\u3164"])(
    "%s approves: case, emoji and punctuation are ignored",
    (label) => {
      expect(effectsOf(label)).toEqual(["approve"]);
    },
  );

  it.each(["❌ Deny", "No.", "Hold ✋", "N-O"])("%s denies", (label) => {
    expect(effectsOf(label)).toEqual(["deny"]);
  });

  it.each(["Yes, but later", "Not ok", "yesno", "Approve all", "👍", "", "deploy now", "Ja"])(
    "%j has no effect",
    (label) => {
      expect(effectsOf(label, "Deny")[0]).toBe("neutral");
    },
  );
});

it("takes declared effects as they are; then an option without one is neutral", () => {
  const options = withEffects([
    { label: "No rollback", effect: "approve" },
    { label: "Yes" },
    { label: "Hold", effect: "neutral" },
  ]);
  expect(options.map((option) => option.effect)).toEqual(["approve", "neutral", "neutral"]);
});

it("counts a declared neutral as declared", () => {
  expect(
    withEffects([{ label: "Yes", effect: "neutral" }, { label: "No" }]).map((option) => option.effect),
  ).toEqual(["neutral", "neutral"]);
});

it("never reads a label as approval unless it is one of the known words", () => {
  const known =
    /^(approve|approved|yes|allow|accept|ok|confirm|proceed|continue|deploy|execute|run|go|ship|merge|publish|apply|send)$/;
  const letters = (label: string) =>
    label
      .toLowerCase()
      .replaceAll(/\p{Default_Ignorable_Code_Point}|[^\p{L}\p{N}\s]/gu, "")
      .replaceAll(/\s+/gu, " ")
      .trim();
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 12 }), (label) => {
      const [option] = withEffects([{ label }, { label: "Deny" }]);
      expect(option?.effect === "approve" && !known.test(letters(label))).toBe(false);
    }),
    { numRuns: 2_000 },
  );
});

it("calls a question an approval if an option approves or denies", () => {
  expect(isApproval(withEffects([{ label: "Red" }, { label: "Blue" }]))).toBe(false);
  expect(isApproval(withEffects([{ label: "Red" }, { label: "Stop" }]))).toBe(true);
});

describe("a label contradicts its effect", () => {
  const denying = "deny denied no reject rejected decline cancel abort stop block hold".split(" ");
  const approving =
    "approve approved yes allow accept ok confirm proceed continue deploy execute run go ship merge publish apply send".split(
      " ",
    );
  const meanings = [
    ...denying.map((word) => ({ word, meant: "deny", opposite: "approve" }) as const),
    ...approving.map((word) => ({ word, meant: "approve", opposite: "deny" }) as const),
  ];

  it.each([
    { label: "Deny", effect: "approve" },
    { label: "❌ NO!", effect: "approve" },
    { label: "S\u200Btop\u3164", effect: "approve" },
    { label: "Ｃａｎｃｅｌ", effect: "approve" },
    { label: "Réject", effect: "approve" },
    { label: "✅ Approve", effect: "deny" },
    { label: "o.k.", effect: "deny" },
    { label: "Deploy 🚀", effect: "deny" },
    { label: "Send", effect: "deny" },
  ] as const)("$label, $effect", (option) => {
    expect(contradicts(option)).toBe(true);
  });

  const noise = fc.constantFrom("", " ", "!", "…", "❌", "👍🏽", "\u200B", "\u3164", "\u00AD", "\uFE0F", "\n");
  const dressed = fc.record({
    meaning: fc.constantFrom(...meanings),
    before: fc.array(noise, { maxLength: 4 }),
    after: fc.array(noise, { maxLength: 4 }),
    upper: fc.boolean(),
  });

  it("if it is a known word with the opposite meaning, however it is written, and not otherwise", () => {
    fc.assert(
      fc.property(dressed, ({ meaning: { word, meant, opposite }, before, after, upper }) => {
        const label = [...before, upper ? word.toUpperCase() : word, ...after].join("");
        expect(contradicts({ label, effect: opposite })).toBe(true);
        for (const effect of [meant, "neutral", undefined] as const)
          expect(contradicts({ label, effect })).toBe(false);
        expect(contradicts({ label: `${label} all of it`, effect: opposite })).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });
});
