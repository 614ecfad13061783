import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { person } from "@loopgate/testing";
import { describe, expect, it } from "vitest";
import { launcher } from "../harness/stdio-proxy.ts";
import { StdioSetting } from "../harness/use-stdio-proxies.ts";
import { useLoopgate } from "../harness/use-loopgate.ts";
import { pythonPackage } from "../harness/python-package.ts";
import { textCanary } from "../harness/secret-scan.ts";

const script = fileURLToPath(new URL("python_client.py", import.meta.url));
const alice = person(7);
const setting = useLoopgate();
const stdio = StdioSetting.use();

describe.each([
  { version: "1.30.0", mode: "1" },
  { version: "2.3.0", mode: "auto" },
  { version: "2.3.0", mode: "legacy" },
])("the official Python client $version, mode $mode", ({ version, mode }) => {
  it.each(["HTTP", "stdio"])("over %s asks, waits and has the answer; it accepts errors", async (over) => {
    const packages = await pythonPackage("mcp", version);
    const message = `${textCanary} from Python ${version} ${mode}`;
    const { telegram } = over === "HTTP" ? setting : stdio;
    const child = { command: launcher, env: stdio.environment(), cwd: "/" };
    const place = over === "HTTP" ? `${setting.loopgate.url}/mcp` : JSON.stringify(child);
    const python = spawn("python3", [script, place, message, mode], {
      env: { ...process.env, PYTHONPATH: packages },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exited = once(python, "exit");
    const lines = createInterface({ input: python.stdout })[Symbol.asyncIterator]();
    const { value: requestId } = await lines.next();
    await expect.poll(() => telegram.messagesIn(7).some(({ text }) => text.includes(message))).toBe(true);
    telegram.press(
      alice,
      telegram.messagesIn(7).find(({ text }) => text.includes(message))!,
      "Approve",
    );
    const { value: report = "" } = await lines.next();
    expect(await exited).toEqual([0, null]);
    expect(JSON.parse(report)).toMatchObject({
      tools: ["request_human_input", "check_request_status", "list_pending_requests", "cancel_request"],
      asked: { is_error: false, structured: { request_id: requestId, status: "pending" } },
      answered: { is_error: false, structured: { status: "decided", approved: true, response: "Approve" } },
      listed: { is_error: false, structured: { count: 0 } },
      missing: { is_error: true, structured: { error: { code: "not_found" } } },
    });
  });
});
