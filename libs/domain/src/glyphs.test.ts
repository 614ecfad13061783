import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { withMarks } from "./glyphs.ts";

/** Every code point for which a pattern holds. */
const codePoints = (pattern: RegExp): readonly string[] =>
  Array.from({ length: 0x11_00_00 }, (_, code) => String.fromCodePoint(code)).filter((one) =>
    pattern.test(one),
  );
const markOf = (character: string): string =>
  `⟨U+${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0")}⟩`;

const ignorable = codePoints(/\p{Default_Ignorable_Code_Point}/u);
const fillers = ["\u115F", "\u1160", "\u3164", "\uFFA0", "\u2800", "\u{1D159}", "\u{16FE4}", "\u{13441}"];
const blanks = ["\u1680", "\u2000", "\u2003", "\u2009", "\u200A", "\u205F", "\u3000"];
const formats = [
  "\u00AD",
  "\u200B",
  "\u2060",
  "\uFEFF",
  "\uFFF9",
  "\u{E0041}",
  "\u{E01EF}",
  "\uFE0F",
  "\u034F",
];

describe("what has no glyph", () => {
  it("is marked between other letters: every default-ignorable code point", () => {
    for (const one of ignorable) expect(withMarks(`a${one}b`)).toBe(`a${markOf(one)}b`);
  });

  it.each([...fillers, ...blanks, ...formats].map((one) => [markOf(one), one]))(
    "is marked: %s",
    (mark, one) => {
      expect(withMarks(`delete${one}all`)).toBe(`delete${mark}all`);
      expect(withMarks(one)).toBe(mark);
    },
  );

  it("is counted when it is repeated", () => {
    expect(withMarks(`a${"\u200B".repeat(4)}b`)).toBe(`a${"⟨U+200B⟩".repeat(4)}b`);
    expect(withMarks(`a${"\u200B".repeat(60)}b`)).toBe("a⟨U+200B⟩×60b");
    expect(withMarks(`a${"\u{E0041}".repeat(60)}b`)).toBe("a⟨U+E0041⟩×60b");
  });

  it("is marked behind an emoji that it does not belong to", () => {
    expect(withMarks("😊\u{E0141}\u{E0142}")).toBe("😊⟨U+E0141⟩⟨U+E0142⟩");
    expect(withMarks("👍\u200Dx")).toBe("👍⟨U+200D⟩x");
    expect(withMarks("👍\uFE0F\uFE0F")).toBe("👍\uFE0F⟨U+FE0F⟩");
    expect(withMarks("🏴\u{E0067}\u{E0078}\u{E007F}")).toBe("🏴⟨U+E0067⟩⟨U+E0078⟩⟨U+E007F⟩");
  });

  it("leaves no invisible character in any text of letters, spaces and invisible characters", () => {
    const unit = fc.constantFrom(
      ...ignorable,
      ...fillers,
      ...blanks,
      ...formats,
      "a",
      "é",
      "ж",
      " ",
      "\n",
      "1",
    );
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 40 }), (text) => {
        const marked = withMarks(text);
        expect(marked).not.toMatch(/\p{Default_Ignorable_Code_Point}/u);
        for (const one of [...fillers, ...blanks]) expect(marked).not.toContain(one);
        expect(withMarks(marked)).toBe(marked);
      }),
    );
  });
});

describe("what stays as it is", () => {
  it.each([
    ["emoji with joiners, selectors, tags and skins", "👨‍👩‍👧‍👦 🏳️‍🌈 ❤️ ❤︎ 1️⃣ 👍🏽 🏴󠁧󠁢󠁥󠁮󠁧󠁿 🇩🇪 🐈‍⬛"],
    ["emoji that were typed without a selector", "🕵‍♂ ☠ 🏳‍🌈"],
    ["Persian, which needs non-joiners", "می‌خواهم"],
    ["Hindi and Sinhala, which need joiners", "क्‍ष ශ්‍රී"],
    ["a variant of an ideograph", "葛\u{E0100}城"],
    ["Mongolian forms", "ᠠ\u180B"],
    ["the space and the indent of Japanese", "漢字\u3000かな\n\u3000\u3000次"],
    ["French spaces", "1\u202F284 € \u00AB\u00A0oui\u00A0»"],
    ["Arabic signs around a number", "\u0600١٢ \u06DD"],
    ["code, tabs and lines", "if (a) {\n\tb();\n}\r\n"],
    ["combining marks", "e\u0301\u0323 Z\u0351\u036B"],
  ])("%s", (_, text) => {
    expect(withMarks(text)).toBe(text);
  });

  it("is every emoji", () => {
    const emoji = codePoints(/^\p{RGI_Emoji}$/v);
    expect(emoji.length).toBeGreaterThan(1_000);
    for (const one of emoji) expect(withMarks(one)).toBe(one);
  });
});
