import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { person } from "@loopgate/testing";
import { describe, expect, it } from "vitest";
import { daemonsIn, type StdioProxy } from "../harness/stdio-proxy.ts";
import { botToken, textCanary } from "../harness/secret-scan.ts";
import { StdioSetting } from "../harness/use-stdio-proxies.ts";

const [alice, bob] = [person(7), person(8, "Bob", "Stone")];
const setting = StdioSetting.use();
const confirm = (message: string) => ({
  message: `${textCanary} ${message}`,
  request_type: "confirmation",
});

describe("an AI application over stdio", () => {
  it("may send lines without jsonrpc, as the original's Go client does", async () => {
    const proxy = setting.proxy();
    const stdin = proxy.child.stdin;
    stdin.write(
      '{"id":1,"method":"initialize","params":{"protocolVersion":"2024-11-05","capabilities":{"sampling":{}},"clientInfo":{"name":"hitl-client","version":"1.0.0"}}}\n',
    );
    stdin.write('{"id":2,"method":"tools/list"}\n');
    stdin.write(
      '{"id":3,"method":"tools/call","params":{"name":"request_human_input","arguments":{"client_id":"client1","message":"canary-text-4711 go","options":["yes","no"],"session_id":"session1"}}}\n',
    );
    stdin.write("rubbish\n");
    expect(await proxy.answerTo(1)).toMatchObject({
      result: { protocolVersion: "2024-11-05", serverInfo: { name: "loopgate" } },
    });
    expect(await proxy.answerTo(2)).toMatchObject({
      result: { tools: [{ name: "request_human_input" }, {}, {}, {}] },
    });
    expect(await proxy.answerTo(3)).toMatchObject({
      result: { structuredContent: { status: "pending", client_id: "client1", session_id: "session1" } },
    });
    expect(await proxy.answerTo(null)).toEqual({
      error: { code: -32_700, message: "Parse error", data: null },
      id: null,
    });
    for (const answer of proxy.answers) expect(answer).not.toHaveProperty("jsonrpc");
    setting.telegram.press(alice, await setting.messageWith("go"), "yes");
    const { request_id } = (await proxy.answerTo(3)).result.structuredContent;
    expect(await proxy.view("check_request_status", { request_id, wait_seconds: 20 })).toMatchObject({
      approved: true,
    });
  });

  it.each(["2024-11-05", "2025-03-26"])("may send batches, which %s permits", async (protocolVersion) => {
    const proxy = setting.proxy();
    const message = (id: unknown, method: string, params: object = {}) => ({
      jsonrpc: "2.0",
      id,
      method,
      params,
    });
    const clientInfo = { name: "older", version: "1" };
    proxy.send(message(0, "initialize", { protocolVersion, capabilities: {}, clientInfo }));
    expect((await proxy.answerTo(0)).result.protocolVersion).toBe(protocolVersion);
    const asking = { name: "request_human_input", arguments: confirm("in a batch") };
    proxy.send([
      { jsonrpc: "2.0", method: "notifications/initialized" },
      message(1, "ping"),
      message(2, "tools/call", asking),
    ]);
    expect(await proxy.answerTo(1)).toEqual({ jsonrpc: "2.0", id: 1, result: {} });
    expect(await proxy.answerTo(2)).toMatchObject({ result: { structuredContent: { status: "pending" } } });
    await setting.messageWith("in a batch");
    expect(new Set(proxy.answers.map(({ id }) => id))).toEqual(new Set([0, 1, 2]));
  });

  it("gets a parse error for a line that is too long, and its calls continue", async () => {
    const proxy = setting.proxy();
    const { request_id } = await proxy.view("request_human_input", confirm("with a long line"));
    const waiting = proxy.view("check_request_status", { request_id, wait_seconds: 50 });
    proxy.send("x".repeat(17_000_000));
    expect(await proxy.answerTo(null)).toMatchObject({ error: { code: -32_700 } });
    setting.telegram.press(alice, await setting.messageWith("with a long line"), "Approve");
    expect(await waiting).toMatchObject({ approved: true });
    expect(proxy.answers.filter(({ id }) => id === null)).toHaveLength(1);
  });

  it("asks its own chat while another one asks another chat, with one poller for both", async () => {
    const proxies = [setting.proxy(), setting.proxy({ TELEGRAM_CHAT_ID: "8" })] as const;
    const asked = await Promise.all(
      proxies.map((proxy, index) => proxy.view("request_human_input", confirm(`of ${index}`))),
    );
    setting.telegram.press(alice, await setting.messageWith("of 0", 7), "Approve");
    setting.telegram.press(bob, await setting.messageWith("of 1", 8), "Deny");
    const answered = proxies.map((proxy, index) =>
      proxy.view("check_request_status", { request_id: asked[index]!.request_id, wait_seconds: 20 }),
    );
    expect(await Promise.all(answered)).toMatchObject([
      { approved: true, decided_by: { id: "telegram:7" } },
      { approved: false, decided_by: { id: "telegram:8" } },
    ]);
    expect([setting.messagesWith("of 1", 7), setting.messagesWith("of 0", 8)]).toEqual([[], []]);
    expect(setting.telegram.conflicts).toBe(0);
    await setting.daemon();
  });

  it("works without a bot token and an inbox: a question fails with no_recipient and the next step", async () => {
    const proxy = setting.proxy({ TELEGRAM_BOT_TOKEN: "", LOOPGATE_INBOX: "off" });
    proxy.send({ method: "tools/list", id: "list" });
    expect((await proxy.answerTo("list")).result.tools).toHaveLength(4);
    const { result } = await proxy.call("request_human_input", confirm("no recipient"));
    expect(result).toMatchObject({ isError: true, structuredContent: { error: { code: "no_recipient" } } });
    expect(JSON.stringify(result)).toContain("TELEGRAM_BOT_TOKEN");
  });

  it("works with a long data directory, in a deleted working directory, and without HOME", async () => {
    const long = join(setting.directory, "x".repeat(120));
    const gone = join(setting.directory, "gone");
    await mkdir(gone);
    const environment = setting.environment({ LOOPGATE_DATA_DIR: long, XDG_DATA_HOME: setting.directory });
    delete environment["HOME"];
    const proxy = setting.proxy({}, { environment, cwd: gone });
    await once(proxy.child, "spawn");
    proxy.send({ method: "ping", id: 1 });
    expect(await proxy.answerTo(1)).toEqual({ result: {}, id: 1 });
    expect(daemonsIn(long)).toHaveLength(1);
  });
});

describe("a configuration that can't work", () => {
  it.each([
    ["a group without responders", { TELEGRAM_CHAT_ID: "-5" }, "TELEGRAM_RESPONDER_IDS"],
    ["a malformed token", { TELEGRAM_BOT_TOKEN: "nonsense" }, "TELEGRAM_BOT_TOKEN: has not the shape"],
    ["a token that Telegram refuses", { TELEGRAM_BOT_TOKEN: "1:refused" }, "copy TELEGRAM_BOT_TOKEN again"],
    ["a token file that is not there", { TELEGRAM_BOT_TOKEN: "", TELEGRAM_BOT_TOKEN_FILE: "/no" }, "_FILE"],
  ])("is reported on stderr and in the answer to each pending call: %s", async (_, environment, sentence) => {
    const proxy = setting.proxy(environment);
    proxy.send({ jsonrpc: "2.0", id: 0, method: "initialize", params: {} });
    expect(await proxy.closed()).toEqual({ code: 1, signal: null });
    expect(proxy.stderr).toContain(sentence);
    expect(proxy.answers).toEqual([
      { jsonrpc: "2.0", id: 0, error: { code: -32_603, message: expect.stringContaining(sentence) } },
    ]);
  });

  it("is reported if no directory can be written", async () => {
    const proxy = setting.proxy({ LOOPGATE_DATA_DIR: "/dev/null" });
    expect(await proxy.closed()).toEqual({ code: 1, signal: null });
    expect(proxy.stderr).toContain("set LOOPGATE_DATA_DIR");
  });

  it("of one stdio proxy does not affect another that connects to the daemon that could not start", async () => {
    const bad = setting.proxy({ TELEGRAM_CHAT_ID: "-5" });
    await setting.daemon();
    await bad[Symbol.asyncDispose]();
    const hasTried = () =>
      existsSync(join(setting.dataDirectory, "daemon.sock")) || daemonsIn(setting.directory).length === 0;
    await expect.poll(hasTried).toBe(true);
    await setting.proxy().view("request_human_input", confirm("beside a bad one"));
    expect(await setting.log()).toContain("TELEGRAM_RESPONDER_IDS");
  });

  it("of one stdio proxy does not affect another that is connected", async () => {
    const good = setting.proxy();
    await good.view("request_human_input", confirm("first"));
    const bad = setting.proxy({ TELEGRAM_CHAT_ID: "somebody" });
    expect(await bad.closed()).toEqual({ code: 1, signal: null });
    expect(bad.stderr).toContain("TELEGRAM_CHAT_ID: must be a numeric Telegram id");
    await good.view("request_human_input", confirm("second"));
  });
});

describe("a stdio proxy ends with its AI application", () => {
  it("when stdin closes, after the answers to pending calls", async () => {
    const proxy = setting.proxy();
    proxy.send({ method: "tools/list", id: "list" });
    proxy.child.stdin.end('{"method":"ping","id":"last line, without an end"}');
    expect(await proxy.closed()).toEqual({ code: 0, signal: null });
    expect(proxy.answers.map(({ id }) => id)).toEqual(["list", "last line, without an end"]);
    const silent = setting.proxy();
    silent.child.stdin.end();
    expect(await silent.closed()).toEqual({ code: 0, signal: null });
    expect(silent.answers).toEqual([]);
  });

  it.each([
    ["stdin closes", (proxy: StdioProxy) => proxy.child.stdin.end()],
    ["SIGTERM comes", (proxy: StdioProxy) => proxy.child.kill("SIGTERM")],
    ["SIGKILL comes", (proxy: StdioProxy) => proxy.child.kill("SIGKILL")],
    ["its stdout is closed", (proxy: StdioProxy) => proxy.child.stdout.destroy()],
  ])("when %s, also while a call waits; the question stays open", async (how, end) => {
    const proxy = setting.proxy();
    const { request_id } = await proxy.view("request_human_input", confirm(how));
    proxy.send({
      method: "tools/call",
      id: "wait",
      params: { name: "check_request_status", arguments: { request_id, wait_seconds: 50 } },
    });
    end(proxy);
    if (how === "its stdout is closed") proxy.send({ method: "ping", id: "into nothing" });
    await proxy.closed();
    await setting.daemon();
    setting.telegram.press(alice, await setting.messageWith(how), "Approve");
    const next = setting.proxy();
    expect(await next.view("check_request_status", { request_id, wait_seconds: 20 })).toMatchObject({
      approved: true,
    });
  });
});

it("only its user can access its files", async () => {
  const proxy = setting.proxy();
  await proxy.view("request_human_input", confirm("private"));
  const modes = ["", "daemon.sock", "daemon.log", "lock.db", "loopgate.db", "format"].map(async (name) =>
    ((await stat(join(setting.dataDirectory, name))).mode & 0o777).toString(8),
  );
  expect(await Promise.all(modes)).toEqual(["700", "600", "600", "600", "600", "600"]);
  expect(await setting.log()).not.toContain(botToken);
});
