import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseJson } from "./json.ts";

const nested = (levels: number, open = "[", close = "]") => open.repeat(levels) + close.repeat(levels);
const objects = (levels: number) => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;

it("parses JSON text, also behind a byte order mark", () => {
  for (const text of ['{"a":1}', '\u{FEFF}{"a":1}', ' \n{"a":1}'])
    expect(parseJson(text)).toEqual({ kind: "value", value: { a: 1 } });
});

it.each(["", "{", "{}}", "\u{FEFF}\u{FEFF}{}", "undefined", "\0{}", " \u{FEFF}{}"])(
  "does not accept %j",
  (text) => {
    expect(parseJson(text)).toEqual({ kind: "not_json" });
  },
);

describe("the depth", () => {
  it("may be 256 levels", () => {
    for (const text of [nested(256), objects(256), `[${nested(255)},${nested(255)}]`])
      expect(parseJson(text).kind).toBe("value");
  });

  it.each([
    ["arrays", nested(257)],
    ["objects", objects(257)],
    ["both", nested(200, '[{"a":', "}]").replace("}", "0}")],
    ["a deep member behind shallow ones", `[[],{},"]]}}",${nested(256)}]`],
    ["5,000 levels", nested(5_000)],
    ["a million levels", nested(500_000)],
    ["white space between", "[ \n".repeat(300) + "] ".repeat(300)],
  ])("is bounded for %s", (_name, text) => {
    expect(parseJson(text).kind).toBe("too_deep");
  });

  it("does not count brackets in strings, however they are escaped", () => {
    const brackets = fc.stringMatching(/^[[\]{}"\\a]{0,40}$/);
    fc.assert(
      fc.property(fc.array(brackets, { minLength: 30, maxLength: 60 }), (texts) => {
        expect(parseJson(JSON.stringify([texts, "[".repeat(600)]))).toMatchObject({ kind: "value" });
        expect(parseJson(`[${JSON.stringify(texts)},${nested(256)}]`).kind).toBe("too_deep");
      }),
    );
  });
});
