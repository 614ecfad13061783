import { existsSync } from "node:fs";
import { mkdir, stat, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { FakeTelegram, person } from "@loopgate/testing";
import { linesOf } from "@loopgate/runtime/lines";
import { describe, expect, it } from "vitest";
import { viewFrom } from "../harness/call.ts";
import { daemonsIn, type StdioProxy, killIfThere, treeOf } from "../harness/stdio-proxy.ts";
import { botToken, textCanary } from "../harness/secret-scan.ts";
import { StdioSetting } from "../harness/use-stdio-proxies.ts";

const [alice, bob] = [person(7), person(8, "Bob", "Stone")];
const setting = StdioSetting.use();
const confirm = (message: string) => ({
  message: `${textCanary} ${message}`,
  request_type: "confirmation",
});
const check = (proxy: StdioProxy, request_id: string, wait_seconds = 20) =>
  proxy.view("check_request_status", { request_id, wait_seconds });

const kill = async (pid: number, signal: NodeJS.Signals = "SIGKILL") => {
  process.kill(pid, signal);
  await expect.poll(() => daemonsIn(setting.directory)).not.toContain(pid);
};

describe("a daemon that is killed", () => {
  it("with calls in flight is replaced: both calls are answered, and no question is asked twice", async () => {
    const proxy = setting.proxy();
    const asked = await proxy.view("request_human_input", confirm("first"));
    const waiting = check(proxy, asked.request_id);
    const asking = proxy.view("request_human_input", { ...confirm("second"), wait_seconds: 30 });
    const messages = [await setting.messageWith("first"), await setting.messageWith("second")] as const;
    // Killed before a copy is recorded, a daemon would be followed by one more message (I8).
    await expect.poll(async () => (await setting.log()).match(/"msg":"delivered"/g)).toHaveLength(2);
    await kill(await setting.daemon());
    for (const message of messages) setting.telegram.press(alice, message, "Approve");
    expect(await Promise.all([waiting, asking])).toMatchObject([{ approved: true }, { approved: true }]);
    await expect.poll(() => messages.filter(({ text }) => text.includes("Approved"))).toHaveLength(2);
    expect([setting.messagesWith("first").length, setting.messagesWith("second").length]).toEqual([1, 1]);
  });

  it("before or right after it has read a question asks it once; an interrupted send may show it twice (I8)", async () => {
    const proxy = setting.proxy();
    await proxy.ready();
    const rounds = [0, 1, 2];
    for (const round of rounds) {
      const daemon = await setting.daemon();
      const asking = proxy.view("request_human_input", confirm(`round ${round}.`));
      await pause(round);
      await kill(daemon);
      await asking;
      await setting.messageWith(`round ${round}.`);
    }
    const last = await proxy.view("request_human_input", confirm("last"));
    await setting.messageWith("last");
    expect(last.status).toBe("pending");
    for (const round of rounds) {
      const messages = setting.messagesWith(`round ${round}.`);
      expect(messages.length).toBeLessThanOrEqual(2);
      expect(new Set(messages.map(({ text }) => /#\w{4}/.exec(text)?.[0])).size).toBe(1);
    }
  });

  it("is replaced for the older protocol, too: the client gets no second answer to initialize", async () => {
    const proxy = setting.proxy();
    const say = (message: object) => proxy.send({ jsonrpc: "2.0", ...message });
    const initialize = {
      protocolVersion: "2025-06-18",
      capabilities: {},
      clientInfo: { name: "older", version: "1" },
    };
    say({ id: 0, method: "initialize", params: initialize });
    await proxy.answerTo(0);
    say({ method: "notifications/initialized" });
    await kill(await setting.daemon());
    say({
      id: 1,
      method: "tools/call",
      params: { name: "request_human_input", arguments: confirm("older") },
    });
    expect(await proxy.answerTo(1)).toMatchObject({
      jsonrpc: "2.0",
      result: { structuredContent: { status: "pending", client_id: "older" } },
    });
    expect(proxy.answers.map(({ id }) => id)).toEqual([0, 1]);
  });

  it("is replaced while Telegram does not answer: the stdio proxy continues, and the question is sent later", async () => {
    const proxy = setting.proxy();
    await proxy.ready();
    const methods = ["getMe", "getUpdates", "sendMessage"];
    for (const method of methods) setting.telegram.fail(method, { kind: "html" }, 1_000);
    await kill(await setting.daemon());
    const { request_id } = await proxy.view("request_human_input", confirm("offline"));
    setting.telegram.faults.clear();
    setting.telegram.press(alice, await setting.messageWith("offline"), "Approve");
    expect(await check(proxy, request_id)).toMatchObject({ approved: true });
  });

  it("leaves a socket that does not block the next daemon", async () => {
    const proxy = setting.proxy();
    await proxy.ready();
    const daemon = await setting.daemon();
    proxy.child.kill("SIGKILL");
    await proxy.closed();
    await kill(daemon);
    expect(existsSync(join(setting.dataDirectory, "daemon.sock"))).toBe(true);
    await setting.proxy().ready();
  });
});

describe("an AI application that is killed right after asking", () => {
  it.each([
    ["alone", (proxy: StdioProxy) => process.kill(proxy.pid, "SIGKILL")],
    ["as a group", (proxy: StdioProxy) => process.kill(-proxy.pid, "SIGKILL")],
    [
      "as a tree",
      (proxy: StdioProxy) => {
        for (const pid of treeOf(proxy.pid)) killIfThere(pid);
      },
    ],
  ])(
    "%s loses nothing: the answer is recorded without a stdio proxy, and the next start reads it",
    async (how, end) => {
      const proxy = setting.proxy({}, { detached: true });
      const { request_id } = await proxy.view("request_human_input", confirm(how));
      end(proxy);
      expect(await proxy.closed()).toEqual({ code: null, signal: "SIGKILL" });
      const message = await setting.messageWith(how);
      setting.telegram.press(alice, message, "Approve");
      await expect.poll(() => message.text).toContain("Approved");
      expect(await check(setting.proxy(), request_id)).toMatchObject({ approved: true });
      expect(setting.messagesWith(how).length).toBe(1);
    },
  );
});

describe("several stdio proxies", () => {
  it("start one daemon", async () => {
    const proxies = Array.from({ length: 5 }, () => setting.proxy());
    await Promise.all(proxies.map((proxy) => proxy.ready()));
    await setting.daemon();
    expect((await setting.log()).match(/"msg":"ready"/g)).toHaveLength(1);
  });

  it("keep their recipients: a person whom one has asked may answer while another one's daemon runs", async () => {
    const first = setting.proxy();
    const { request_id } = await first.view("request_human_input", confirm("kept"));
    const message = await setting.messageWith("kept");
    await first[Symbol.asyncDispose]();
    await kill(await setting.daemon());
    const second = setting.proxy({ TELEGRAM_CHAT_ID: "8" });
    await second.ready();
    setting.telegram.press(bob, message, "Approve");
    setting.telegram.press(alice, message, "Deny");
    expect(await check(second, request_id)).toMatchObject({
      approved: false,
      decided_by: { id: "telegram:7" },
    });
  });

  it("are refused while the daemon of another directory serves the bot", async () => {
    await setting.proxy().ready();
    const other = setting.proxy({ LOOPGATE_DATA_DIR: join(setting.directory, "other") });
    expect((await other.closed()).code).toBe(1);
    expect(other.stderr).toContain("another Loopgate process serves bot");
  });
});

it("the log of the daemon stays small", async () => {
  await mkdir(setting.dataDirectory, { recursive: true });
  await writeFile(join(setting.dataDirectory, "daemon.log"), "x".repeat(6_000_000));
  await setting.proxy().ready();
  expect((await stat(join(setting.dataDirectory, "daemon.log.1"))).size).toBe(6_000_000);
  expect((await setting.log()).length).toBeLessThan(10_000);
});

it("the daemon runs although its log can't be copied", async () => {
  await mkdir(join(setting.dataDirectory, "daemon.log.1"), { recursive: true });
  await writeFile(join(setting.dataDirectory, "daemon.log"), "x".repeat(6_000_000));
  await setting.proxy().ready();
  expect((await setting.log()).length).toBeLessThan(10_000);
});

describe("invalid input at the socket", () => {
  it.each(["", "rubbish\n", '{"loopgate":2}\n', "x".repeat(5_000_000)])(
    "does no harm (%#)",
    async (rubbish) => {
      const proxy = setting.proxy();
      await proxy.ready();
      const socket = connect(join(setting.dataDirectory, "daemon.sock"));
      const closed = new Promise((resolve) => socket.on("close", resolve));
      socket
        .on("error", () => undefined)
        .resume()
        .end(rubbish);
      await closed;
      await proxy.view("request_human_input", confirm("after invalid input"));
      expect((await setting.log()).match(/"msg":"ready"/g)).toHaveLength(1);
    },
  );
});

describe("an idle daemon", () => {
  it("ends, and leaves neither process nor socket", async () => {
    const proxy = setting.proxy({ LOOPGATE_DAEMON_IDLE_SECONDS: "1" });
    await proxy.ready();
    await proxy[Symbol.asyncDispose]();
    await expect.poll(() => daemonsIn(setting.directory)).toEqual([]);
    expect(await setting.log()).toContain("idle: no clients and no open questions");
    expect(existsSync(join(setting.dataDirectory, "daemon.sock"))).toBe(false);
  });

  it("runs while a question is open, and until its copies are closed", async () => {
    const proxy = setting.proxy({ LOOPGATE_DAEMON_IDLE_SECONDS: "1" });
    await proxy.view("request_human_input", confirm("open"));
    await proxy[Symbol.asyncDispose]();
    const message = await setting.messageWith("open");
    await pause(3_500);
    expect(daemonsIn(setting.directory)).toHaveLength(1);
    setting.telegram.fail("editMessageText", {
      kind: "refuse",
      code: 429,
      description: "Too Many Requests: retry after 2",
      parameters: { retry_after: 2 },
    });
    setting.telegram.press(alice, message, "Approve");
    await expect.poll(() => daemonsIn(setting.directory)).toEqual([]);
    expect(message.text).toContain("Approved");
  });
});

/** Sends a handshake of another client; resolves with the reply, or undefined if the daemon closes the connection. */
async function shakeHands(more: object): Promise<unknown> {
  const socket = connect(join(setting.dataDirectory, "daemon.sock"));
  const handshake = { loopgate: 1, as: "front", version: "0.0.0", identity: "", recipients: {}, again: true };
  socket.write(`${JSON.stringify({ ...handshake, ...more })}\n`);
  const { value } = await linesOf(socket).next();
  socket.destroy();
  return value === undefined ? undefined : JSON.parse(value);
}

describe("the daemon hands over", () => {
  it("to `serve`, with a call in flight: the stdio proxy continues with `serve`, which stays", async () => {
    const proxy = setting.proxy();
    const asked = await proxy.view("request_human_input", confirm("handed over"));
    const waiting = check(proxy, asked.request_id);
    const daemon = await setting.daemon();
    const serve = await setting.serve();
    expect(daemonsIn(setting.directory)).not.toContain(daemon);
    expect((await waiting).status).toBe("pending");
    const again = check(proxy, asked.request_id);
    setting.telegram.press(alice, await setting.messageWith("handed over"), "Approve");
    expect(await again).toMatchObject({ approved: true });
    expect(await viewFrom(serve.url, "check_request_status", { request_id: asked.request_id })).toMatchObject(
      {
        approved: true,
      },
    );
    await expect.poll(() => daemonsIn(setting.directory)).toEqual([]);
    expect(setting.telegram.conflicts).toBe(0);
  });

  it("to `serve` at once, with any number of stdio proxies: no daemon starts in between", async () => {
    const proxies = Array.from({ length: 3 }, () => setting.proxy());
    await Promise.all(proxies.map((proxy) => proxy.ready()));
    await setting.serve();
    await Promise.all(proxies.map((proxy) => proxy.ready()));
    await expect.poll(() => daemonsIn(setting.directory)).toEqual([]);
    expect((await setting.log()).match(/"msg":"ready"/g)).toHaveLength(1);
  });

  it("to a newer version, not to an older one", async () => {
    const proxy = setting.proxy();
    await proxy.ready();
    const daemon = await setting.daemon();
    expect(await shakeHands({ version: "0.0.1" })).toEqual({ ready: true });
    expect(await shakeHands({ version: "99.0.0" })).toBeUndefined();
    await expect.poll(() => daemonsIn(setting.directory)).not.toContain(daemon);
    await proxy.ready();
    expect(await setting.daemon()).not.toBe(daemon);
  });

  it("to a stdio proxy with another token; the first one continues with the new daemon", async () => {
    const first = setting.proxy();
    await first.ready();
    const daemon = await setting.daemon();
    const rotated = `${botToken.split(":")[0]}:rotated-canary-of-the-tests-0123456789abcd`;
    await using telegram = await FakeTelegram.start(rotated);
    const second = setting.proxy({ TELEGRAM_BOT_TOKEN: rotated, TELEGRAM_API_ROOT: telegram.apiRoot });
    await second.view("request_human_input", confirm("by the new token"));
    await expect.poll(() => telegram.messagesIn(7).length).toBe(1);
    expect(daemonsIn(setting.directory)).not.toContain(daemon);
    await first.ready();
    await setting.daemon();
    await first[Symbol.asyncDispose]();
    await second[Symbol.asyncDispose]();
  });

  it("never if it is `serve`; stdio proxies continue with a daemon after `serve` stops", async () => {
    const serve = await setting.serve();
    expect(await shakeHands({ version: "99.0.0" })).toEqual({ ready: true });
    expect(await shakeHands({ again: false })).toEqual({
      refused: expect.stringContaining("loopgate serve"),
    });
    expect(await shakeHands({ as: "serve" })).toHaveProperty("refused");
    const proxy = setting.proxy();
    const { request_id } = await proxy.view("request_human_input", confirm("over serve"));
    const waiting = check(proxy, request_id, 50);
    expect(await serve.stop()).toBe(0);
    setting.telegram.press(alice, await setting.messageWith("over serve"), "Approve");
    expect(["pending", "decided"]).toContain((await waiting).status);
    expect(await check(proxy, request_id)).toMatchObject({ approved: true });
    await setting.daemon();
  });
});
