import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { person } from "@loopgate/testing";
import { describe, expect, it } from "vitest";
import { daemonsIn } from "../harness/stdio-proxy.ts";
import { botToken, textCanary } from "../harness/secret-scan.ts";
import { FrontSetting } from "../harness/use-stdio-proxies.ts";

const [alice, bob] = [person(7), person(8, "Bob", "Stone")];
const setting = FrontSetting.use();
const confirm = (message: string) => ({
  message: `${textCanary} ${message}`,
  request_type: "confirmation",
});

describe("an AI application over stdio", () => {
  it("may speak as the original's Go client does: lines without jsonrpc", async () => {
    const front = setting.front();
    const stdin = front.child.stdin;
    stdin.write(
      '{"id":1,"method":"initialize","params":{"protocolVersion":"2024-11-05","capabilities":{"sampling":{}},"clientInfo":{"name":"hitl-client","version":"1.0.0"}}}\n',
    );
    stdin.write('{"id":2,"method":"tools/list"}\n');
    stdin.write(
      '{"id":3,"method":"tools/call","params":{"name":"request_human_input","arguments":{"client_id":"client1","message":"canary-text-4711 go","options":["yes","no"],"session_id":"session1"}}}\n',
    );
    stdin.write("rubbish\n");
    expect(await front.answerTo(1)).toMatchObject({
      result: { protocolVersion: "2024-11-05", serverInfo: { name: "loopgate" } },
    });
    expect(await front.answerTo(2)).toMatchObject({
      result: { tools: [{ name: "request_human_input" }, {}, {}, {}] },
    });
    expect(await front.answerTo(3)).toMatchObject({
      result: { structuredContent: { status: "pending", client_id: "client1", session_id: "session1" } },
    });
    expect(await front.answerTo(null)).toEqual({
      error: { code: -32_700, message: "Parse error", data: null },
      id: null,
    });
    for (const answer of front.answers) expect(answer).not.toHaveProperty("jsonrpc");
    setting.telegram.press(alice, await setting.messageWith("go"), "yes");
    const { request_id } = (await front.answerTo(3)).result.structuredContent;
    expect(await front.view("check_request_status", { request_id, wait_seconds: 20 })).toMatchObject({
      approved: true,
    });
  });

  it.each(["2024-11-05", "2025-03-26"])("may send batches, as %s lets it", async (protocolVersion) => {
    const front = setting.front();
    const message = (id: unknown, method: string, params: object = {}) => ({
      jsonrpc: "2.0",
      id,
      method,
      params,
    });
    const clientInfo = { name: "older", version: "1" };
    front.say(message(0, "initialize", { protocolVersion, capabilities: {}, clientInfo }));
    expect((await front.answerTo(0)).result.protocolVersion).toBe(protocolVersion);
    const asking = { name: "request_human_input", arguments: confirm("in a batch") };
    front.say([
      { jsonrpc: "2.0", method: "notifications/initialized" },
      message(1, "ping"),
      message(2, "tools/call", asking),
    ]);
    expect(await front.answerTo(1)).toEqual({ jsonrpc: "2.0", id: 1, result: {} });
    expect(await front.answerTo(2)).toMatchObject({ result: { structuredContent: { status: "pending" } } });
    await setting.messageWith("in a batch");
    expect(new Set(front.answers.map(({ id }) => id))).toEqual(new Set([0, 1, 2]));
  });

  it("that sends a line without measure is told that it is rubbish; its calls live on", async () => {
    const front = setting.front();
    const { request_id } = await front.view("request_human_input", confirm("beside rubbish"));
    const waiting = front.view("check_request_status", { request_id, wait_seconds: 50 });
    front.say("x".repeat(17_000_000));
    expect(await front.answerTo(null)).toMatchObject({ error: { code: -32_700 } });
    setting.telegram.press(alice, await setting.messageWith("beside rubbish"), "Approve");
    expect(await waiting).toMatchObject({ approved: true });
    expect(front.answers.filter(({ id }) => id === null)).toHaveLength(1);
  });

  it("asks its own chat, beside another one that asks in its own, through one poller", async () => {
    const fronts = [setting.front(), setting.front({ TELEGRAM_CHAT_ID: "8" })] as const;
    const asked = await Promise.all(
      fronts.map((front, index) => front.view("request_human_input", confirm(`of ${index}`))),
    );
    setting.telegram.press(alice, await setting.messageWith("of 0", 7), "Approve");
    setting.telegram.press(bob, await setting.messageWith("of 1", 8), "Deny");
    const answered = fronts.map((front, index) =>
      front.view("check_request_status", { request_id: asked[index]!.request_id, wait_seconds: 20 }),
    );
    expect(await Promise.all(answered)).toMatchObject([
      { approved: true, decided_by: { id: "telegram:7" } },
      { approved: false, decided_by: { id: "telegram:8" } },
    ]);
    expect([setting.messagesWith("of 1", 7), setting.messagesWith("of 0", 8)]).toEqual([[], []]);
    expect(setting.telegram.conflicts).toBe(0);
    await setting.daemon();
  });

  it("works without a bot token: it lists tools, and a question has no recipient, with the way out", async () => {
    const front = setting.front({ TELEGRAM_BOT_TOKEN: "" });
    front.say({ method: "tools/list", id: "list" });
    expect((await front.answerTo("list")).result.tools).toHaveLength(4);
    const { result } = await front.call("request_human_input", confirm("nobody"));
    expect(result).toMatchObject({ isError: true, structuredContent: { error: { code: "no_recipient" } } });
    expect(JSON.stringify(result)).toContain("TELEGRAM_BOT_TOKEN");
  });

  it("works in a directory with a long name, from one that is gone, and without HOME", async () => {
    const long = join(setting.directory, "x".repeat(120));
    const gone = join(setting.directory, "gone");
    await mkdir(gone);
    const environment = setting.environment({ LOOPGATE_DATA_DIR: long, XDG_DATA_HOME: setting.directory });
    delete environment["HOME"];
    const front = setting.front({}, { environment, cwd: gone });
    await once(front.child, "spawn");
    front.say({ method: "ping", id: 1 });
    expect(await front.answerTo(1)).toEqual({ result: {}, id: 1 });
    expect(daemonsIn(long)).toHaveLength(1);
  });
});

describe("a configuration that can't work", () => {
  it.each([
    ["a group without responders", { TELEGRAM_CHAT_ID: "-5" }, "TELEGRAM_RESPONDER_IDS"],
    ["a token of no shape", { TELEGRAM_BOT_TOKEN: "nonsense" }, "TELEGRAM_BOT_TOKEN: has not the shape"],
    ["a token that Telegram refuses", { TELEGRAM_BOT_TOKEN: "1:refused" }, "copy TELEGRAM_BOT_TOKEN again"],
    ["a token file that is not there", { TELEGRAM_BOT_TOKEN: "", TELEGRAM_BOT_TOKEN_FILE: "/no" }, "_FILE"],
  ])("is told on stderr and to whoever waits for an answer: %s", async (_, environment, sentence) => {
    const front = setting.front(environment);
    front.say({ jsonrpc: "2.0", id: 0, method: "initialize", params: {} });
    expect(await front.closed()).toEqual({ code: 1, signal: null });
    expect(front.stderr).toContain(sentence);
    expect(front.answers).toEqual([
      { jsonrpc: "2.0", id: 0, error: { code: -32_603, message: expect.stringContaining(sentence) } },
    ]);
  });

  it("is told when there is no place to write to", async () => {
    const front = setting.front({ LOOPGATE_DATA_DIR: "/dev/null" });
    expect(await front.closed()).toEqual({ code: 1, signal: null });
    expect(front.stderr).toContain("set LOOPGATE_DATA_DIR");
  });

  it("of one front is none of another's that meets the daemon which could not start", async () => {
    const bad = setting.front({ TELEGRAM_CHAT_ID: "-5" });
    await setting.daemon();
    await bad[Symbol.asyncDispose]();
    const isMet = () =>
      existsSync(join(setting.place, "daemon.sock")) || daemonsIn(setting.directory).length === 0;
    await expect.poll(isMet).toBe(true);
    await setting.front().view("request_human_input", confirm("beside a bad one"));
    expect(await setting.log()).toContain("TELEGRAM_RESPONDER_IDS");
  });

  it("of one front is none of another's that is there", async () => {
    const good = setting.front();
    await good.view("request_human_input", confirm("first"));
    const bad = setting.front({ TELEGRAM_CHAT_ID: "somebody" });
    expect(await bad.closed()).toEqual({ code: 1, signal: null });
    expect(bad.stderr).toContain("TELEGRAM_CHAT_ID: must be a numeric Telegram id");
    await good.view("request_human_input", confirm("second"));
  });
});

describe("a front ends with its AI application", () => {
  it("when stdin closes, with the answers that are due", async () => {
    const front = setting.front();
    front.say({ method: "tools/list", id: "list" });
    front.child.stdin.end('{"method":"ping","id":"last line, without an end"}');
    expect(await front.closed()).toEqual({ code: 0, signal: null });
    expect(front.answers.map(({ id }) => id)).toEqual(["list", "last line, without an end"]);
    const silent = setting.front();
    silent.child.stdin.end();
    expect(await silent.closed()).toEqual({ code: 0, signal: null });
    expect(silent.answers).toEqual([]);
  });

  it.each([
    ["stdin closes", (front: ReturnType<typeof setting.front>) => front.child.stdin.end()],
    ["SIGTERM comes", (front: ReturnType<typeof setting.front>) => front.child.kill("SIGTERM")],
    ["SIGKILL comes", (front: ReturnType<typeof setting.front>) => front.child.kill("SIGKILL")],
    ["nobody reads its stdout", (front: ReturnType<typeof setting.front>) => front.child.stdout.destroy()],
  ])("when %s, also while a call waits; the question stays", async (how, end) => {
    const front = setting.front();
    const { request_id } = await front.view("request_human_input", confirm(how));
    front.say({
      method: "tools/call",
      id: "wait",
      params: { name: "check_request_status", arguments: { request_id, wait_seconds: 50 } },
    });
    end(front);
    if (how === "nobody reads its stdout") front.say({ method: "ping", id: "into nothing" });
    await front.closed();
    await setting.daemon();
    setting.telegram.press(alice, await setting.messageWith(how), "Approve");
    const next = setting.front();
    expect(await next.view("check_request_status", { request_id, wait_seconds: 20 })).toMatchObject({
      approved: true,
    });
  });
});

it("is for its user alone", async () => {
  const front = setting.front();
  await front.view("request_human_input", confirm("private"));
  const modes = ["", "daemon.sock", "daemon.log", "lock.db", "loopgate.db", "format"].map(async (name) =>
    ((await stat(join(setting.place, name))).mode & 0o777).toString(8),
  );
  expect(await Promise.all(modes)).toEqual(["700", "600", "600", "600", "600", "600"]);
  expect(await setting.log()).not.toContain(botToken);
});
