import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
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

async function problemsOf(environment: Environment): Promise<readonly string[]> {
  try {
    await read(environment);
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

function aPipe(): string {
  const path = join(folder, "pipe");
  execFileSync("sh", ["-c", 'mkfifo "$0"', path]);
  return path;
}

it("reads a secret from a pipe", async () => {
  const path = join(folder, "written");
  const writer = spawn("sh", ["-c", 'mkfifo "$0"; printf "secret\\n" > "$0"', path]);
  await expect.poll(() => existsSync(path)).toBe(true);
  expect((await read({ TOKEN_FILE: path })).TOKEN).toBe("secret");
  writer.kill();
});

it("treats a blank variable as absent, and trims the items of lists", async () => {
  expect(await read({ TOKEN: " ", PORT: "", LIST: " a, ,b ," })).toEqual({ PORT: 80, LIST: ["a", "b"] });
});

it("reads a secret from the file named by NAME_FILE, without the line end", async () => {
  expect((await read({ TOKEN_FILE: fileWith("secret\n") })).TOKEN).toBe("secret");
});

it("reads no other setting from a file", async () => {
  expect((await read({ PORT_FILE: fileWith("8080") })).PORT).toBe(80);
});

it.each([
  [
    "a file that can't be read",
    () => ({ TOKEN_FILE: join(folder, "missing") }),
    "TOKEN_FILE names a file that can't be read",
  ],
  [
    "a pipe that nobody writes to",
    () => ({ TOKEN_FILE: aPipe() }),
    "TOKEN_FILE names a file that does not end",
  ],
  [
    "an endless file",
    () => ({ TOKEN_FILE: "/dev/zero" }),
    "TOKEN_FILE names a file that has more than 1048576",
  ],
  ["a folder", () => ({ TOKEN_FILE: folder }), "TOKEN_FILE names a file that can't be read"],
  ["an empty file", () => ({ TOKEN_FILE: fileWith("") }), "TOKEN_FILE names an empty file"],
  [
    "both forms of one secret",
    () => ({ TOKEN: "abc", TOKEN_FILE: fileWith("abcd") }),
    "TOKEN and TOKEN_FILE are both set",
  ],
])("rejects %s", async (_, environment, problem) => {
  expect(await problemsOf(environment())).toEqual([expect.stringContaining(problem)]);
});

it("reports all problems at once, with names but without values", async () => {
  const problems = await problemsOf({ TOKEN: "no", PORT: "canary" });
  expect(problems).toEqual(["TOKEN: is too short", "PORT: must be a port"]);
});
