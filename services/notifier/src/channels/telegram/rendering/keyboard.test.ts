import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { aDeployQuestion } from "../../../../test/support/questions.ts";
import { parseCallbackData } from "./callback-data.ts";
import { replyMarkup } from "./keyboard.ts";

function rowsOf(labels: readonly string[], approval = true) {
  const markup = replyMarkup(aDeployQuestion({ labels, approval }), "7");
  return "inline_keyboard" in markup ? markup.inline_keyboard : [];
}
const many = (count: number) => Array.from({ length: count }, (_, n) => `template ${n}`);

describe("the buttons", () => {
  it("are side by side for a short pair, one below the other otherwise", () => {
    const shape = (labels: readonly string[]) => rowsOf(labels).map((row) => row.map(({ text }) => text));
    expect(shape(["Approve", "Deny"])).toEqual([["Approve", "Deny"]]);
    expect(shape(["Approve the whole plan", "Deny"])).toEqual([["Approve the whole plan"], ["Deny"]]);
    expect(shape(["a", "b", "c"])).toEqual([["a"], ["b"], ["c"]]);
  });

  it("bear numbers from nine options on, four in a row", () => {
    expect(rowsOf(many(8)).map((row) => row.length)).toEqual(Array.from({ length: 8 }, () => 1));
    const rows = rowsOf(many(10));
    expect(rows.map((row) => row.map(({ text }) => text))).toEqual([
      ["1", "2", "3", "4"],
      ["5", "6", "7", "8"],
      ["9", "10"],
    ]);
  });

  it.each([
    [
      "agree in their first 47 characters",
      [
        "Deploy the release candidate to the region named a",
        "Deploy the release candidate to the region named b",
      ],
    ],
    [
      "agree as far as every phone shows them",
      ["Restart the order service in eu-west-1", "Restart the order service in eu-west-2", "No"],
    ],
    ["differ in spaces only", ["Deploy  now", "Deploy now"]],
    ["differ in marks that are not shown", ["Deploy\u200E now", "Deploy now"]],
    ["differ in how an accent is written", ["Caf\u00E9", "Cafe\u0301"]],
    ["agree in emoji at their start", [`${"👨‍👩‍👧‍👦".repeat(5)} yes`, `${"👨‍👩‍👧‍👦".repeat(5)} no`]],
  ])("bear numbers when labels %s", (_, labels) => {
    const rows = rowsOf(labels).map((row) => row.map(({ text }) => text));
    expect(rows).toEqual([labels.map((_, index) => String(index + 1))]);
  });

  it("differ in what is seen, whatever the labels", () => {
    const start = "Deploy the release candidate to the region named ";
    const unit = fc.constantFrom(start, "a", "b", " ", "  ", "\u200E", "\n", "👨‍👩‍👧‍👦", "é", "e\u0301");
    const labels = fc.array(fc.string({ unit, maxLength: 6 }), { minLength: 2, maxLength: 12 });
    fc.assert(
      fc.property(labels, (all) => {
        const seen = rowsOf(all)
          .flat()
          .map(({ text }) => text.slice(0, 30).normalize("NFC"));
        expect(new Set(seen).size).toBe(all.length);
      }),
    );
  });

  it("name their option by its place, in at most 64 bytes", () => {
    const buttons = rowsOf(many(50)).flat();
    const data = buttons.map((button) => ("callback_data" in button ? button.callback_data : ""));
    expect(data.map((one) => parseCallbackData(one)?.option)).toEqual(many(50).map((_, n) => n));
    for (const one of data) expect(Buffer.byteLength(one)).toBeLessThanOrEqual(64);
  });

  it("are coloured by what they mean, never by what they say", () => {
    const styles = (approval: boolean) =>
      rowsOf(["Approve", "Later"], approval)
        .flat()
        .map((button) => button.style);
    expect(styles(true)).toEqual(["success", undefined]);
    expect(styles(false)).toEqual([undefined, undefined]);
  });

  it("show long labels on one line, cut between characters", () => {
    const [button] = rowsOf([`two\nlines ${"👨‍👩‍👧‍👦".repeat(20)}`, "b"]).flat();
    expect(button?.text).toMatch(/^two lines (👨‍👩‍👧‍👦)+…$/u);
    expect(button?.text.length).toBeLessThanOrEqual(48);
  });
});

it("without options there is a reply box, which no group member has to use", () => {
  const input = aDeployQuestion({ labels: [] });
  expect(replyMarkup(input, "7")).toMatchObject({ force_reply: true, selective: false });
  expect(replyMarkup(input, "-5")).toMatchObject({ force_reply: true, selective: true });
});
