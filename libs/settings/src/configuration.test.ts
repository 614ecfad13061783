import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { z } from "zod";
import { ConfigurationError, type Environment, listSetting, readConfiguration } from "./configuration.ts";

const folder = mkdtempSync(join(tmpdir(), "loopgate-configuration-"));
afterAll(() => rmSync(folder, { recursive: true }));

const schema = z.object({
  TOKEN: z.string().min(3, "is too short").optional(),
  PORT: z.coerce.number("must be a port").default(80),
  LIST: listSetting,
});
const read = (environment: Environment) => readConfiguration(schema, environment, ["TOKEN"]);

function problemsOf(environment: Environment): readonly string[] {
  try {
    read(environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
}

function fileWith(content: string): string {
  const path = join(folder, `secret-${content.length}`);
  writeFileSync(path, content);
  return path;
}

it("treats a blank variable as absent, and trims the items of lists", () => {
  expect(read({ TOKEN: " ", PORT: "", LIST: " a, ,b ," })).toEqual({ PORT: 80, LIST: ["a", "b"] });
});

it("reads a secret from the file named by NAME_FILE, without the line end", () => {
  expect(read({ TOKEN_FILE: fileWith("secret\n") }).TOKEN).toBe("secret");
});

it("reads no other setting from a file", () => {
  expect(read({ PORT_FILE: fileWith("8080") }).PORT).toBe(80);
});

it.each([
  [
    "a file that can't be read",
    () => ({ TOKEN_FILE: join(folder, "missing") }),
    "TOKEN_FILE names a file that can't be read",
  ],
  ["an empty file", () => ({ TOKEN_FILE: fileWith("") }), "TOKEN_FILE names an empty file"],
  [
    "both forms of one secret",
    () => ({ TOKEN: "abc", TOKEN_FILE: fileWith("abcd") }),
    "TOKEN and TOKEN_FILE are both set",
  ],
])("rejects %s", (_, environment, problem) => {
  expect(problemsOf(environment())).toEqual([expect.stringContaining(problem)]);
});

it("reports all problems at once, with names but without values", () => {
  const problems = problemsOf({ TOKEN: "no", PORT: "canary" });
  expect(problems).toEqual(["TOKEN: is too short", "PORT: must be a port"]);
});
