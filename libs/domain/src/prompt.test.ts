import { expect, it } from "vitest";
import { promptOf } from "./prompt.ts";

const promptFor = (offered: Parameters<typeof promptOf>[0]) => {
  const result = promptOf(offered);
  if (result.kind === "invalid") throw new Error(result.problem);
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

it.each([
  { message: "m", requestType: "choice" as const },
  { message: "m", options: [{ label: "a" }, { label: "b", value: "a" }] },
  { message: "m", options: [{ label: " \u200E\n" }] },
])("refuses %j and names the field", (offered) => {
  expect(promptOf(offered)).toMatchObject({ kind: "invalid", problem: expect.stringMatching(/^options: /) });
});
