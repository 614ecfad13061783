import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clean, cut, heightOf, moment, oneLine, share, unlinked, withoutGaps } from "./text.ts";

describe("cutting", () => {
  it("leaves what fits as it is, and marks what does not", () => {
    expect(cut("four", 4)).toBe("four");
    expect(cut("five!", 4)).toBe("fiv…");
  });

  it.each([
    ["a family", "👨‍👩‍👧‍👦"],
    ["a flag", "🏳️‍🌈"],
    ["a letter with its accent", "e\u0301"],
  ])("never cuts %s", (_, grapheme) => {
    for (let length = 1; length < 3 * grapheme.length; length++) {
      const text = cut(grapheme.repeat(3), length);
      expect(text.length).toBeLessThanOrEqual(length);
      expect(text.replaceAll(grapheme, "")).toBe("…");
    }
  });
});

describe("sharing room", () => {
  it("cuts nothing while all fit, and never takes more than there is", () => {
    const labels = fc.array(fc.string({ maxLength: 60 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(labels, fc.integer({ min: 30, max: 600 }), (texts, length) => {
        const shared = share(texts, length);
        const doesFit = texts.join("").length <= length;
        expect(shared.every((text, index) => text === texts[index])).toBe(doesFit);
        expect(shared.join("").length).toBeLessThanOrEqual(length);
      }),
    );
  });

  it("leaves short texts whole", () => {
    expect(share(["ab", "x".repeat(50), "y".repeat(50)], 42)).toEqual([
      "ab",
      `${"x".repeat(19)}…`,
      `${"y".repeat(19)}…`,
    ]);
  });
});

describe("text of others", () => {
  it("loses controls, marks that reorder, and halves of characters", () => {
    expect(clean("a\u0000b\u001bc")).toBe("a b c");
    expect(clean("\u202Eabc\u2066\u200F")).toBe("abc");
    expect(clean("a\ud83d")).toBe("a\ufffd");
    expect(clean("a\r\nb\rc\u2028d\te")).toBe("a\nb\nc\nd    e");
    expect(clean("שלום 👍 <b>*_`")).toBe("שלום 👍 <b>*_`");
  });

  it("shows what has no glyph", () => {
    expect(clean("a\u3164b\u200Bc")).toBe("a⟨U+3164⟩b⟨U+200B⟩c");
    expect(oneLine(" \u115F ", 64)).toBe("⟨U+115F⟩");
    expect(clean("👨‍👩‍👧‍👦")).toBe("👨‍👩‍👧‍👦");
  });

  it("on one line is one line", () => {
    expect(oneLine("  a \n\n b\u2029c ", 64)).toBe("a b c");
  });

  it("keeps addresses and loses pings", () => {
    expect(unlinked("@alice (@bob) a@b.example @1 @")).toBe("@\u2060alice (@\u2060bob) a@b.example @1 @");
  });
});

describe("gaps", () => {
  it.each([
    [
      "60 empty lines",
      `Delete logs.${"\n".repeat(61)}AND all data`,
      "Delete logs.\n⟨60 empty lines⟩\nAND all data",
    ],
    ["lines of spaces", `a\n${"  \u00A0 \n".repeat(3)}b`, "a\n⟨3 empty lines⟩\nb"],
    ["empty lines at the start", "\n\n\nb", "⟨3 empty lines⟩\nb"],
    ["each of several gaps", "a\n\n\n\nb\n\n\n\n\nc", "a\n⟨3 empty lines⟩\nb\n⟨4 empty lines⟩\nc"],
    ["a run of spaces", `a${" ".repeat(500)}b`, "a ⟨500 spaces⟩ b"],
    ["a run of spaces that do not break", `a${"\u00A0".repeat(99)}b`, "a ⟨99 spaces⟩ b"],
  ])("are counted: %s", (_, text, expected) => {
    expect(withoutGaps(text)).toBe(expected);
  });

  it.each(["a\n\nb", "def a():\n\n\ndef b():", `${" ".repeat(40)}deep code`, "a\n"])("stay in %j", (text) => {
    expect(withoutGaps(text)).toBe(text);
  });

  it("are gone from any text, and no other line is", () => {
    const unit = fc.constantFrom("\n", "\n", "\n", " ", "\u00A0", "a", "b c");
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 80 }), (text) => {
        const lines = (one: string) => one.split("\n").filter((line) => line.trim() !== "");
        const shown = withoutGaps(text);
        expect(shown).not.toMatch(/(?:^\s*\n){3}/m);
        expect(lines(shown).filter((line) => !line.startsWith("⟨"))).toEqual(lines(text));
      }),
    );
  });
});

it("knows how high a text is on a phone", () => {
  expect(heightOf("")).toBe(1);
  expect(heightOf("x".repeat(40))).toBe(1);
  expect(heightOf("x".repeat(41))).toBe(2);
  expect(heightOf("a\n\nb")).toBe(3);
});

it("writes a moment for people", () => {
  expect(moment("2026-11-24T14:32:59.999Z")).toBe("2026-11-24 14:32 UTC");
});
