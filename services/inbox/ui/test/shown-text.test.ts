import { describe, expect, it } from "vitest";
import { diffLine, firstLine, fold, foldedRows, isDiff, linksIn, shown, valueText } from "../shown-text.ts";

describe("an agent's text", () => {
  it.each([
    ["right-to-left override", "pay \u202Egpj.exe", "pay ⟨U+202E⟩gpj.exe"],
    ["zero-width space", "a\u200Bb", "a⟨U+200B⟩b"],
    ["Hangul filler", "a\u3164", "a⟨U+3164⟩"],
    ["control character", "a\u0007b\u001B[31m", "a⟨U+0007⟩b⟨U+001B⟩[31m"],
    ["carriage return that would overwrite", "safe\rrm -rf", "safe⟨U+000D⟩rm -rf"],
    ["line separator", "a\u2028b", "a⟨U+2028⟩b"],
    ["half a character", "a\uD83Db", "a⟨U+D83D⟩b"],
  ])("shows a %s as a mark", (_, text, expected) => {
    expect(shown(text)).toBe(expected);
  });

  it.each([
    ["markup", '<img src=x onerror="alert(1)"> **bold** [a](javascript:b)'],
    ["line breaks and tabs", "a\n\tb\n\n"],
    ["emoji that are joined", "👨‍👩‍👧 ❤️"],
    ["other scripts", "שלום می‌خواهم 日本語"],
  ])("keeps %s to the letter", (_, text) => {
    expect(shown(text)).toBe(text);
  });

  it("has the line ends of every system", () => {
    expect(shown("a\r\nb")).toBe("a\nb");
  });
});

it("a list shows the first line that has something on it", () => {
  expect(firstLine("\n  \nDeploy?\nnow")).toBe("Deploy?");
  expect(firstLine("\n")).toBe("");
});

describe("folding", () => {
  const lines = (count: number) => Array.from({ length: count }, (_, index) => `line ${index}`).join("\n");

  it("leaves forty lines alone", () => {
    expect(fold(lines(40))).toEqual({ text: lines(40), rows: 40, hidden: 0 });
  });

  it("counts what it hides", () => {
    expect(fold(lines(412))).toEqual({ text: lines(40), rows: 412, hidden: 372 });
  });

  it("counts a long line by the rows that it takes", () => {
    const { text, hidden } = fold("x".repeat(10_000));
    expect(text).toBe("x".repeat(4_000));
    expect(hidden).toBe(60);
  });

  it("never ends in half a character", () => {
    expect(fold(`x${"😀".repeat(5_000)}`).text.isWellFormed()).toBe(true);
  });

  it("is counted over the message and each fact", () => {
    expect(foldedRows(lines(41), { log: lines(50), short: "a", many: [1, 2] })).toBe(11);
    expect(foldedRows(lines(41), undefined, { command: lines(45) })).toBe(6);
  });
});

describe("a diff", () => {
  const diff = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new\n same";

  it("is known by its head and its hunks", () => {
    expect(isDiff(diff)).toBe(true);
    expect(isDiff("- a list\n+ of pros and cons")).toBe(false);
    expect(isDiff("--- a title\n- and a list")).toBe(false);
  });

  it("tells lines apart by their sign", () => {
    expect(diff.split("\n").map(diffLine)).toEqual(["place", "place", "place", "removed", "added", "same"]);
  });
});

it("prints values sorted, so that two of them can be compared", () => {
  expect(valueText({ b: [{ d: 1, c: null }], a: true })).toBe(
    '{\n  "a": true,\n  "b": [\n    {\n      "c": null,\n      "d": 1\n    }\n  ]\n}',
  );
  expect(valueText("as it is")).toBe("as it is");
});

describe("links", () => {
  it("are shown as a browser would open them", () => {
    expect(linksIn("see https://exаmple.org/a, (http://b.example).")).toEqual([
      "https://xn--exmple-4nf.org/a",
      "http://b.example/",
    ]);
  });

  it("are only those of the web", () => {
    expect(linksIn("javascript:alert(1) file:///etc/passwd data:text/html,x")).toEqual([]);
  });
});
