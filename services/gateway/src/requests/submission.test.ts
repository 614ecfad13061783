import { describeProblem } from "@loopgate/rest";
import { describe, expect, it } from "vitest";
import { fingerprintOf, parseSubmission, type Submission } from "./submission.ts";

function parsed(given: unknown): Submission {
  const result = parseSubmission(given);
  if (result.kind === "error") throw new Error(result.error.message);
  return result.value;
}

function problemsOf(given: unknown): readonly string[] {
  const result = parseSubmission(given);
  return result.kind === "error" ? (result.error.problems ?? []).map(describeProblem) : [];
}

const nested = (levels: number) => JSON.parse(`{"a":${"[".repeat(levels)}${"]".repeat(levels)}}`);
const TOO_MUCH_ACTION =
  "action.arguments: must have at most 256 KiB as JSON, 100 levels and no halves of characters";

describe("what counts as absent", () => {
  it.each([
    [
      "null members",
      { message: "m", options: null, timeout_seconds: null, metadata: null, session_id: null },
    ],
    ["an empty list of options and a timeout of 0", { message: "m", options: [], timeout_seconds: 0 }],
    [
      "empty texts, as clients send that fill in every argument",
      {
        message: "m",
        request_type: "",
        options: "",
        timeout_seconds: "",
        wait_seconds: "",
        session_id: "",
        client_id: "",
        metadata: "",
        idempotency_key: "",
      },
    ],
    ["JSON text for nothing", { message: "m", options: "[]", timeout_seconds: "0", metadata: "null" }],
    ["unknown members", { message: "m", callback_url: "https://example.com", approved: true }],
  ])("%s", (_name, given) => {
    expect(parsed(given)).toEqual({ message: "m" });
  });

  it("null members of an option, but not of metadata", () => {
    const options = [{ label: "Yes", value: null, effect: null }];
    expect(parsed({ message: "m", options, metadata: { a: null } })).toEqual({
      message: "m",
      options: [{ label: "Yes" }],
      metadata: { a: null },
    });
  });
});

it("JSON text, where an argument can be nothing else", () => {
  const given = {
    message: "m",
    options: '["eu",{"label":"us","effect":""}]',
    wait_seconds: "1",
    timeout_seconds: "60",
  };
  expect(parsed({ ...given, metadata: '{"a":1}' })).toEqual({
    message: "m",
    options: ["eu", { label: "us" }],
    wait_seconds: 1,
    timeout_seconds: 60,
    metadata: { a: 1 },
  });
});

describe("limits", () => {
  const face = "👍";

  it("counts code points, not UTF-16 units", () => {
    expect(parsed({ message: face.repeat(16_000) }).message).toHaveLength(32_000);
    expect(problemsOf({ message: face.repeat(16_001) })).toEqual([
      "message: must have 1 to 16000 characters",
    ]);
    expect(problemsOf({ message: "m", session_id: face.repeat(129) })).toEqual([
      "session_id: must have 1 to 128 characters",
    ]);
  });

  it.each([
    [{}, "message: is required"],
    [{ message: 7 }, "message: must be a string"],
    [{ message: "" }, "message: must have 1 to 16000 characters"],
    [{ message: " \n\u200B" }, "message: must have a visible character"],
    [{ message: "\u3164\n\u3164" }, "message: must have a visible character"],
    [{ message: "\u2800" }, "message: must have a visible character"],
    [{ message: "\uFFA0\u034F \uFE0F" }, "message: must have a visible character"],
    [{ message: "m", client_id: "c".repeat(129) }, "client_id: must have 1 to 128 characters"],
    [{ message: "m", idempotency_key: "k".repeat(201) }, "idempotency_key: must have 1 to 200 characters"],
    [{ message: "m", timeout_seconds: "soon" }, "timeout_seconds: must be a number of seconds"],
    [{ message: "m", options: Array(51).fill("x") }, "options: must have at most 50 entries"],
    [{ message: "m", options: "Yes" }, "options: must be a list"],
    [
      { message: "m", options: [7] },
      "options.0: must be a text of 1 to 200 characters or an object { label, value?, effect? }",
    ],
    [{ message: "m", options: ["x".repeat(201)] }, "options.0: must have 1 to 200 characters"],
    [
      { message: "m", metadata: { a: "x".repeat(8_192) } },
      "metadata: must have at most 8 KiB as JSON and 100 levels",
    ],
    [{ message: "m", metadata: [] }, "metadata: must be an object"],
    ["m", "arguments: must be an object"],
    [[], "arguments: must be an object"],
  ])("refuses %j", (given, problem) => {
    expect(problemsOf(given)).toEqual([problem]);
  });

  it("refuses metadata that is too deep for a recursive parser", () => {
    expect(problemsOf({ message: "m", metadata: nested(99) })).toEqual([]);
    for (const levels of [100, 4_000, 200_000]) {
      expect(problemsOf({ message: "m", metadata: nested(levels) })).toEqual([
        "metadata: must have at most 8 KiB as JSON and 100 levels",
      ]);
    }
  });

  it.each([
    ["no tool", { arguments: {} }, "action.tool: is required"],
    ["a list of arguments", { tool: "t", arguments: [1] }, "action.arguments: must be an object"],
    ["too much", { tool: "t", arguments: { a: "x".repeat(262_144) } }, TOO_MUCH_ACTION],
    ["half a character", { tool: "t", arguments: { a: ["\uD800"] } }, TOO_MUCH_ACTION],
    ["too many levels", { tool: "t", arguments: { a: nested(100) } }, TOO_MUCH_ACTION],
  ])("refuses an action with %s", (_, action, problem) => {
    expect(problemsOf({ message: "m", action })).toEqual([problem]);
  });

  it("keeps the arguments of an action as they are", () => {
    const action = { tool: "t", arguments: { a: null, b: "", c: "[1]", d: " x\u202E" } };
    expect(parsed({ message: "m", action })).toEqual({ message: "m", action });
  });

  it("accepts metadata of exactly 8 KiB", () => {
    expect(problemsOf({ message: "m", metadata: { a: "x".repeat(8_192 - 8) } })).toEqual([]);
  });

  it("names every problem at once", () => {
    expect(problemsOf({ request_type: "vote", timeout_seconds: "soon" })).toHaveLength(3);
  });

  it("replaces lone surrogates", () => {
    expect(parsed({ message: "half \uD83D" }).message).toBe("half \uFFFD");
  });
});

describe("the fingerprint", () => {
  const print = (given: unknown) => fingerprintOf(parsed(given));

  it("does not depend on the order of arguments, absent ones, or the wait", () => {
    const one = print({ message: "m", metadata: { a: 1, b: 2 } });
    expect(print({ metadata: { b: 2, a: 1 }, wait_seconds: 50, options: null, message: "m" })).toBe(one);
  });

  it.each([{ message: "n" }, { message: "m", timeout_seconds: 300 }, { message: "m", client_id: "agent" }])(
    "differs for %j",
    (other) => {
      expect(print(other)).not.toBe(print({ message: "m" }));
    },
  );
});
