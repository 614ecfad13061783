import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { linesOf } from "@loopgate/runtime/lines";
import { expect, it } from "vitest";

const script = fileURLToPath(new URL("service-processes/service.ts", import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly log: string;
}

/** Runs a service that fails in `what`, and sends SIGTERM after each log line whose message is in `stopAt`. */
async function runAndStop(what: string, stopAt: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [script, what], { stdio: ["ignore", "ignore", "pipe"] });
  const exited = once(child, "exit");
  let log = "";
  for await (const line of linesOf(child.stderr)) {
    log += `${line}\n`;
    if (stopAt.some((message) => line.includes(`"msg":"${message}"`))) child.kill("SIGTERM");
  }
  await exited;
  return { code: child.exitCode, log };
}

it("a service that is told to stop closes its parts and exits with 0, however often it is told", async () => {
  const { code, log } = await runAndStop("nothing", ["ready", "closing"]);
  expect(code).toBe(0);
  expect(log).toMatch(/"closed"[^]*"stopped"/);
});

it("a failed start closes what was opened and exits with 1, even if it is told to stop meanwhile", async () => {
  const { code, log } = await runAndStop("start", ["closing"]);
  expect(code).toBe(1);
  expect(log).toContain('"closed"');
});

it("a start that waits learns that the service is told to stop", async () => {
  const { code, log } = await runAndStop("wait", ["waiting"]);
  expect(code).toBe(0);
  expect(log).toMatch(/"closed"[^]*"stopped"/);
});

it("a part that can't be closed is logged without its secrets, and the service exits with 1", async () => {
  const { code, log } = await runAndStop("stop", ["ready"]);
  expect(code).toBe(1);
  expect(log).toContain("a part could not be closed");
  expect(log).not.toContain("canary");
});
