import { describe, expect, it } from "vitest";
import { z } from "zod";
import { describeProblem } from "./api-error.ts";
import { parseArguments } from "./arguments.ts";

const Schema = z.object(
  {
    name: z.string().min(1, "must not be empty"),
    kind: z.enum(["a", "b"]).optional(),
    note: z.string().min(1).optional(),
    size: z.number("must be a number").optional(),
    isOpen: z.boolean("must be true or false").optional(),
    facts: z.record(z.string(), z.unknown(), "must be an object").optional(),
    list: z
      .array(
        z.union([z.string(), z.object({ label: z.string(), value: z.string().min(1).optional() })]),
        "must be a list",
      )
      .optional(),
    numbers: z.array(z.number("must be a number"), "must be a list").optional(),
  },
  "must be an object",
);

const read = (given: unknown) => {
  const result = parseArguments(Schema, given);
  return result.kind === "error" ? result.error.problems?.map(describeProblem) : result.value;
};

describe("JSON text is read where the type leaves one meaning:", () => {
  it.each([
    [{ list: '["eu","us"]' }, { list: ["eu", "us"] }],
    [{ list: ' [{"label":"EU","value":null}] ' }, { list: [{ label: "EU" }] }],
    [{ list: "[]" }, { list: [] }],
    [{ numbers: '["1", 2]' }, { numbers: [1, 2] }],
    [{ size: "1" }, { size: 1 }],
    [{ size: "-2.5e1" }, { size: -25 }],
    [{ isOpen: "true" }, { isOpen: true }],
    [{ isOpen: "false" }, { isOpen: false }],
    [{ facts: '{"a":{"b":null}}' }, { facts: { a: { b: null } } }],
    [{ facts: '\u{FEFF}{"a":"1"}' }, { facts: { a: "1" } }],
    [{ size: "null", isOpen: "null", list: "null", facts: "null" }, {}],
  ])("%j", (given, expected) => {
    expect(read({ name: "n", ...given })).toEqual({ name: "n", ...expected });
  });

  it("the arguments themselves", () => {
    expect(read('{"name":"n","size":"1"}')).toEqual({ name: "n", size: 1 });
  });

  it.each([
    [{ name: '["n"]' }, { name: '["n"]' }],
    [{ name: "1" }, { name: "1" }],
    [
      { name: "null", note: "null" },
      { name: "null", note: "null" },
    ],
    [
      { name: "n", list: ['{"label":"x"}', "1", ""] },
      { name: "n", list: ['{"label":"x"}', "1", ""] },
    ],
    [
      { name: "n", facts: { a: "1", b: "" } },
      { name: "n", facts: { a: "1", b: "" } },
    ],
  ])("but not where it is text: %j", (given, expected) => {
    expect(read(given)).toEqual(expected);
  });

  it.each([
    [{ list: "eu, us" }, "list: must be a list"],
    [{ list: '{"label":"x"}' }, "list: must be a list"],
    [{ list: '["eu"' }, "list: must be a list"],
    [{ size: "one" }, "size: must be a number"],
    [{ size: "0x10" }, "size: must be a number"],
    [{ size: "true" }, "size: must be a number"],
    [{ size: " " }, "size: must be a number"],
    [{ isOpen: "1" }, "isOpen: must be true or false"],
    [{ isOpen: "yes" }, "isOpen: must be true or false"],
    [{ facts: "[]" }, "facts: must be an object"],
    [{ facts: "'a'" }, "facts: must be an object"],
    [{ facts: `{"a":${"[".repeat(5_000)}${"]".repeat(5_000)}}` }, "facts: must be an object"],
    [{ facts: JSON.stringify('{"a":1}') }, "facts: must be an object"],
  ])("and text with another meaning stays an error: %j", (given, problem) => {
    expect(read({ name: "n", ...given })).toEqual([problem]);
  });
});

describe("what is absent:", () => {
  it.each([null, ""])("every optional argument that is %j", (nothing) => {
    const names = Object.keys(Schema.shape).filter((name) => name !== "name");
    expect(read({ name: "n", ...Object.fromEntries(names.map((name) => [name, nothing])) })).toEqual({
      name: "n",
    });
  });

  it("an empty optional member of an option", () => {
    expect(read({ name: "n", list: [{ label: "x", value: "" }] })).toEqual({
      name: "n",
      list: [{ label: "x" }],
    });
  });

  it("a required argument that is null, but not one that is empty", () => {
    expect(read({ name: null })).toEqual([expect.stringMatching(/^name: /)]);
    expect(read({ name: "" })).toEqual(["name: must not be empty"]);
  });

  it.each([undefined, null, "null", ""])("the arguments, if they are %j", (given) => {
    expect(parseArguments(z.object({}), given)).toEqual({ kind: "parsed", value: {} });
  });
});
