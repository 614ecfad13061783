import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isApproval, withEffects } from "./effects.ts";

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

  it.each(["✅ Approve", "YES!", "«ok»", " Yes ", "👍🏽 yes", "O.K."])(
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
    { label: "No", effect: "approve" },
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
      .replaceAll(/[^\p{L}\p{N}\s]/gu, "")
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
