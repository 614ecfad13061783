import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { FakeTelegram } from "@loopgate/testing";
import { describe, expect, it } from "vitest";
import { startLoopgate, temporaryDirectory } from "../harness/loopgate.ts";
import { botToken, textCanary } from "../harness/secret-scan.ts";

const cli = fileURLToPath(new URL("../../services/loopgate/src/cli.ts", import.meta.url));

/** Runs `loopgate key` and parses its output as a script would. */
async function makeKey(...options: string[]) {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [cli, "key", ...options]);
  const [key = "", entry = ""] = stdout.trimEnd().split("\n");
  return { key, entry, told: stderr };
}

const call = (name: string, args: object) => ({
  method: "tools/call",
  params: { name, arguments: args },
  id: 1,
});

describe("an operator who admits callers from the network", () => {
  it("creates keys, names their file, and serves beyond loopback: agents ask, only the operator registers", async () => {
    await using telegram = await FakeTelegram.start(botToken);
    await using directory = await temporaryDirectory();
    const agent = await makeKey("--id", "ci-agent", "--expires", "90d");
    const operator = await makeKey("--scope", "admin");
    const file = join(directory.path, "keys.json");
    await writeFile(file, `[${agent.entry}, ${operator.entry}]`);

    await using loopgate = await startLoopgate({
      directory: directory.path,
      apiRoot: telegram.apiRoot,
      environment: { SERVER_HOST: "0.0.0.0", LOOPGATE_API_KEYS_FILE: file },
    });
    const post = (path: string, body: object, headers: Record<string, string> = {}) =>
      fetch(`${loopgate.url.replace("0.0.0.0", "127.0.0.1")}${path}`, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(body),
      });
    const ask = call("request_human_input", { message: textCanary });
    const session = { session_id: "s", client_id: "c", telegram_id: 7 };

    expect((await post("/mcp", ask)).status).toBe(401);
    expect(telegram.messagesIn(7)).toEqual([]);
    expect((await post("/mcp", ask, { authorization: `Bearer ${agent.key}` })).status).toBe(200);
    await expect.poll(() => telegram.messagesIn(7)).toHaveLength(1);
    expect((await post("/hitl/register", session, { "x-api-key": agent.key })).status).toBe(403);
    expect((await post("/hitl/register", session, { "x-api-key": operator.key })).status).toBe(200);

    expect(await loopgate.stop()).toBe(0);
    expect(loopgate.output()).toContain('"key":"ci-agent"');
    expect(loopgate.output()).not.toMatch(/lk_pub_|sha256:/);
  });
});

describe("loopgate key", () => {
  it("prints the key and its entry on one line each, and explains where to put the entry", async () => {
    const { key, entry, told } = await makeKey("--id", "me", "--expires", "1d");
    expect(key).toMatch(/^lk_pub_[0-9a-f]{64}$/);
    expect(JSON.parse(entry)).toMatchObject({ id: "me", scopes: ["request"] });
    const { expires_at } = JSON.parse(entry) as { expires_at: string };
    const hours = (Date.parse(expires_at) - Date.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(23);
    expect(hours).toBeLessThan(25);
    expect(entry).not.toContain(key);
    expect(told).toContain("LOOPGATE_API_KEYS_FILE");
  });

  it.each([
    [["--scope", "all"], "request, read, admin"],
    [["--expires", "soon"], "90d"],
    [["--expires", "0d"], "90d"],
    [["--id", "a b"], "letters, digits"],
  ])("refuses %j", async (options, hint) => {
    await expect(makeKey(...options)).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining(hint),
    });
  });
});

describe("an invalid file of keys", () => {
  it("is reported at start with all other problems, one line each, without any value", async () => {
    await using directory = await temporaryDirectory();
    const file = join(directory.path, "keys.json");
    const { key, entry } = await makeKey();
    await writeFile(file, `[${entry}, {"id": "plain", "hash": "${key}", "scopes": ["all"]}]`);
    const start = startLoopgate({
      directory: directory.path,
      apiRoot: "http://127.0.0.1:9",
      environment: { LOOPGATE_API_KEYS_FILE: file, SERVER_HOST: "0.0.0.0", LOG_LEVEL: "loud" },
    });
    const output = await start.then(
      () => "it started",
      (error: Error) => error.message,
    );
    expect(output).toContain("ended with 1");
    expect(output).toContain("- LOOPGATE_API_KEYS_FILE: entry 2, hash: is a key");
    expect(output).toContain("- LOOPGATE_API_KEYS_FILE: entry 2, scopes: ");
    expect(output).toContain("- LOG_LEVEL: ");
    expect(output).not.toContain("SERVER_HOST");
    expect(output).not.toMatch(/lk_pub_|sha256:[0-9a-f]/);
  });
});
