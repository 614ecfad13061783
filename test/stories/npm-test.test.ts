import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

it.each([
  ["test:unit", ["single-flight"]],
  ["test:file", ["libs/async/src/single-flight.test.ts"]],
])(
  "`npm run %s` runs tests without the static checks, and ends with one plain line",
  async (script, args) => {
    const { code, output } = await npmRun(script, args);
    expect(output).not.toContain("— formatting");
    expect(output.trimEnd().split("\n").at(-1)).toMatch(/^[1-9]\d* passed, 0 failed, 0 skipped$/);
    expect(code).toBe(0);
  },
);

it("`npm run test:file` without a file says what it needs", async () => {
  const { code, log } = await npmRun("test:file", []);
  expect(log).toContain("test:file needs a file: npm run test:file -- <path>");
  expect(code).toBe(1);
});

async function npmRun(script: string, args: readonly string[]) {
  const { PATH, HOME } = process.env;
  const child = spawn("npm", ["run", script, "--", ...args], {
    cwd: root,
    env: { PATH, HOME },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [[code], output, log] = await Promise.all([
    once(child, "exit"),
    text(child.stdout),
    text(child.stderr),
  ]);
  return { code, output, log };
}
