import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { FakeTelegram } from "@loopgate/testing";
import { expect, it } from "vitest";
import { startLoopgate, temporaryDirectory } from "../harness/loopgate.ts";
import { botToken } from "../harness/secret-scan.ts";

const run = promisify(execFile);
const suite = join(
  dirname(createRequire(import.meta.url).resolve("@modelcontextprotocol/conformance/package.json")),
  "dist",
  "index.js",
);

/** The suite fails on a scenario that fails unexpectedly, and on an expected failure that passes. */
it.each(["2025-11-25", "2026-07-28"])(
  "passes the official suite for %s, but for the failures listed with their reasons",
  async (revision) => {
    await using telegram = await FakeTelegram.start(botToken);
    await using directory = await temporaryDirectory();
    await using loopgate = await startLoopgate({ directory: directory.path, apiRoot: telegram.apiRoot });
    const expected = fileURLToPath(new URL(`expected-failures-${revision}.yml`, import.meta.url));
    const args = [
      "server",
      "--url",
      `${loopgate.url}/mcp`,
      "--requirements",
      revision,
      "--expected-failures",
      expected,
      "--output-dir",
      join(directory.path, "out"),
    ];
    const { code, output } = await run(process.execPath, [suite, ...args], { cwd: directory.path }).then(
      ({ stdout, stderr }) => ({ code: 0, output: stdout + stderr }),
      (error: { code: number; stdout: string; stderr: string }) => ({
        code: error.code,
        output: error.stdout + error.stderr,
      }),
    );
    expect(code, output.slice(-6_000)).toBe(0);
  },
);
