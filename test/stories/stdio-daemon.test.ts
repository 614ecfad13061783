import { existsSync } from "node:fs";
import { mkdir, stat, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { FakeTelegram, person } from "@loopgate/testing";
import { linesOf } from "@loopgate/runtime/lines";
import { describe, expect, it } from "vitest";
import { viewFrom } from "../harness/call.ts";
import { daemonsIn, type Front, killIfThere, treeOf } from "../harness/stdio-proxy.ts";
import { botToken, textCanary } from "../harness/secret-scan.ts";
import { FrontSetting } from "../harness/use-stdio-proxies.ts";

const [alice, bob] = [person(7), person(8, "Bob", "Stone")];
const setting = FrontSetting.use();
const confirm = (message: string) => ({
  message: `${textCanary} ${message}`,
  request_type: "confirmation",
});
const check = (front: Front, request_id: string, wait_seconds = 20) =>
  front.view("check_request_status", { request_id, wait_seconds });

const kill = async (pid: number, signal: NodeJS.Signals = "SIGKILL") => {
  process.kill(pid, signal);
  await expect.poll(() => daemonsIn(setting.directory)).not.toContain(pid);
};

describe("a daemon that is killed", () => {
  it("with calls in flight is replaced: both are answered, and nothing is asked twice", async () => {
    const front = setting.front();
    const asked = await front.view("request_human_input", confirm("first"));
    const waiting = check(front, asked.request_id);
    const asking = front.view("request_human_input", { ...confirm("second"), wait_seconds: 30 });
    const messages = [await setting.messageWith("first"), await setting.messageWith("second")] as const;
    // Killed before a copy is recorded, a daemon would be followed by one more message (I8).
    await expect.poll(async () => (await setting.log()).match(/"msg":"delivered"/g)).toHaveLength(2);
    await kill(await setting.daemon());
    for (const message of messages) setting.telegram.press(alice, message, "Approve");
    expect(await Promise.all([waiting, asking])).toMatchObject([{ approved: true }, { approved: true }]);
    await expect.poll(() => messages.filter(({ text }) => text.includes("Approved"))).toHaveLength(2);
    expect([setting.messagesWith("first").length, setting.messagesWith("second").length]).toEqual([1, 1]);
  });

  it("before it has read a question, or right after, has it asked once; a send that was cut may show it twice (I8)", async () => {
    const front = setting.front();
    await front.ready();
    const rounds = [0, 1, 2];
    for (const round of rounds) {
      const daemon = await setting.daemon();
      const asking = front.view("request_human_input", confirm(`round ${round}.`));
      await pause(round);
      await kill(daemon);
      await asking;
      await setting.messageWith(`round ${round}.`);
    }
    const last = await front.view("request_human_input", confirm("last"));
    await setting.messageWith("last");
    expect(last.status).toBe("pending");
    for (const round of rounds) {
      const messages = setting.messagesWith(`round ${round}.`);
      expect(messages.length).toBeLessThanOrEqual(2);
      expect(new Set(messages.map(({ text }) => /#\w{4}/.exec(text)?.[0])).size).toBe(1);
    }
  });

  it("is replaced for the older protocol, too: the client hears of no second handshake", async () => {
    const front = setting.front();
    const say = (message: object) => front.say({ jsonrpc: "2.0", ...message });
    const initialize = {
      protocolVersion: "2025-06-18",
      capabilities: {},
      clientInfo: { name: "older", version: "1" },
    };
    say({ id: 0, method: "initialize", params: initialize });
    await front.answerTo(0);
    say({ method: "notifications/initialized" });
    await kill(await setting.daemon());
    say({
      id: 1,
      method: "tools/call",
      params: { name: "request_human_input", arguments: confirm("older") },
    });
    expect(await front.answerTo(1)).toMatchObject({
      jsonrpc: "2.0",
      result: { structuredContent: { status: "pending", client_id: "older" } },
    });
    expect(front.answers.map(({ id }) => id)).toEqual([0, 1]);
  });

  it("is replaced while Telegram does not answer: the front goes on, and what was asked is sent later", async () => {
    const front = setting.front();
    await front.ready();
    const methods = ["getMe", "getUpdates", "sendMessage"];
    for (const method of methods) setting.telegram.fail(method, { kind: "html" }, 1_000);
    await kill(await setting.daemon());
    const { request_id } = await front.view("request_human_input", confirm("offline"));
    setting.telegram.faults.clear();
    setting.telegram.press(alice, await setting.messageWith("offline"), "Approve");
    expect(await check(front, request_id)).toMatchObject({ approved: true });
  });

  it("leaves a socket behind that stops nobody", async () => {
    const front = setting.front();
    await front.ready();
    const daemon = await setting.daemon();
    front.child.kill("SIGKILL");
    await front.closed();
    await kill(daemon);
    expect(existsSync(join(setting.place, "daemon.sock"))).toBe(true);
    await setting.front().ready();
  });
});

describe("an AI application that is killed right after asking", () => {
  it.each([
    ["alone", (front: Front) => process.kill(front.pid, "SIGKILL")],
    ["as a group", (front: Front) => process.kill(-front.pid, "SIGKILL")],
    [
      "as a tree",
      (front: Front) => {
        for (const pid of treeOf(front.pid)) killIfThere(pid);
      },
    ],
  ])(
    "%s loses nothing: the answer is taken with no front alive, and the next start reads it",
    async (how, end) => {
      const front = setting.front({}, { detached: true });
      const { request_id } = await front.view("request_human_input", confirm(how));
      end(front);
      expect(await front.closed()).toEqual({ code: null, signal: "SIGKILL" });
      const message = await setting.messageWith(how);
      setting.telegram.press(alice, message, "Approve");
      await expect.poll(() => message.text).toContain("Approved");
      expect(await check(setting.front(), request_id)).toMatchObject({ approved: true });
      expect(setting.messagesWith(how).length).toBe(1);
    },
  );
});

describe("several at once", () => {
  it("start one daemon", async () => {
    const fronts = Array.from({ length: 5 }, () => setting.front());
    await Promise.all(fronts.map((front) => front.ready()));
    await setting.daemon();
    expect((await setting.log()).match(/"msg":"ready"/g)).toHaveLength(1);
  });

  it("keep their recipients: who was asked by one may answer while another's daemon runs", async () => {
    const first = setting.front();
    const { request_id } = await first.view("request_human_input", confirm("kept"));
    const message = await setting.messageWith("kept");
    await first[Symbol.asyncDispose]();
    await kill(await setting.daemon());
    const second = setting.front({ TELEGRAM_CHAT_ID: "8" });
    await second.ready();
    setting.telegram.press(bob, message, "Approve");
    setting.telegram.press(alice, message, "Deny");
    expect(await check(second, request_id)).toMatchObject({
      approved: false,
      decided_by: { id: "telegram:7" },
    });
  });

  it("are told when another directory's daemon has the bot", async () => {
    await setting.front().ready();
    const other = setting.front({ LOOPGATE_DATA_DIR: join(setting.directory, "other") });
    expect((await other.closed()).code).toBe(1);
    expect(other.stderr).toContain("another Loopgate runs for bot");
  });
});

it("the log of the daemon stays small", async () => {
  await mkdir(setting.place, { recursive: true });
  await writeFile(join(setting.place, "daemon.log"), "x".repeat(6_000_000));
  await setting.front().ready();
  expect((await stat(join(setting.place, "daemon.log.1"))).size).toBe(6_000_000);
  expect((await setting.log()).length).toBeLessThan(10_000);
});

it("the daemon lives where there is no room for a copy of its log", async () => {
  await mkdir(join(setting.place, "daemon.log.1"), { recursive: true });
  await writeFile(join(setting.place, "daemon.log"), "x".repeat(6_000_000));
  await setting.front().ready();
  expect((await setting.log()).length).toBeLessThan(10_000);
});

describe("rubbish at the socket", () => {
  it.each(["", "rubbish\n", '{"loopgate":2}\n', "x".repeat(5_000_000)])(
    "harms nobody (%#)",
    async (rubbish) => {
      const front = setting.front();
      await front.ready();
      const socket = connect(join(setting.place, "daemon.sock"));
      const closed = new Promise((resolve) => socket.on("close", resolve));
      socket
        .on("error", () => undefined)
        .resume()
        .end(rubbish);
      await closed;
      await front.view("request_human_input", confirm("after rubbish"));
      expect((await setting.log()).match(/"msg":"ready"/g)).toHaveLength(1);
    },
  );
});

describe("a daemon that nobody needs", () => {
  it("ends, and leaves neither process nor socket", async () => {
    const front = setting.front({ LOOPGATE_DAEMON_IDLE_SECONDS: "1" });
    await front.ready();
    await front[Symbol.asyncDispose]();
    await expect.poll(() => daemonsIn(setting.directory)).toEqual([]);
    expect(await setting.log()).toContain("nobody needs it");
    expect(existsSync(join(setting.place, "daemon.sock"))).toBe(false);
  });

  it("stays while a question is open, and until its copies are closed", async () => {
    const front = setting.front({ LOOPGATE_DAEMON_IDLE_SECONDS: "1" });
    await front.view("request_human_input", confirm("open"));
    await front[Symbol.asyncDispose]();
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

/** Says hello to the daemon as somebody else; resolves with its answer, or undefined if it hangs up. */
async function introduce(more: object): Promise<unknown> {
  const socket = connect(join(setting.place, "daemon.sock"));
  const hello = { loopgate: 1, as: "front", version: "0.0.0", identity: "", recipients: {}, again: true };
  socket.write(`${JSON.stringify({ ...hello, ...more })}\n`);
  const { value } = await linesOf(socket).next();
  socket.destroy();
  return value === undefined ? undefined : JSON.parse(value);
}

describe("the daemon hands over", () => {
  it("to `serve`, with a call in flight: the front goes on over it, and `serve` stays", async () => {
    const front = setting.front();
    const asked = await front.view("request_human_input", confirm("handed over"));
    const waiting = check(front, asked.request_id);
    const daemon = await setting.daemon();
    const serve = await setting.serve();
    expect(daemonsIn(setting.directory)).not.toContain(daemon);
    expect((await waiting).status).toBe("pending");
    const again = check(front, asked.request_id);
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

  it("to `serve` at once, however many fronts have lost it: no daemon starts in between", async () => {
    const fronts = Array.from({ length: 3 }, () => setting.front());
    await Promise.all(fronts.map((front) => front.ready()));
    await setting.serve();
    await Promise.all(fronts.map((front) => front.ready()));
    await expect.poll(() => daemonsIn(setting.directory)).toEqual([]);
    expect((await setting.log()).match(/"msg":"ready"/g)).toHaveLength(1);
  });

  it("to a newer version, not to an older one", async () => {
    const front = setting.front();
    await front.ready();
    const daemon = await setting.daemon();
    expect(await introduce({ version: "0.0.1" })).toEqual({ ready: true });
    expect(await introduce({ version: "99.0.0" })).toBeUndefined();
    await expect.poll(() => daemonsIn(setting.directory)).not.toContain(daemon);
    await front.ready();
    expect(await setting.daemon()).not.toBe(daemon);
  });

  it("to a front with another token; the first one goes on over the new daemon", async () => {
    const first = setting.front();
    await first.ready();
    const daemon = await setting.daemon();
    const rotated = `${botToken.split(":")[0]}:rotated-canary-of-the-tests-0123456789abcd`;
    await using telegram = await FakeTelegram.start(rotated);
    const second = setting.front({ TELEGRAM_BOT_TOKEN: rotated, TELEGRAM_API_ROOT: telegram.apiRoot });
    await second.view("request_human_input", confirm("by the new token"));
    await expect.poll(() => telegram.messagesIn(7).length).toBe(1);
    expect(daemonsIn(setting.directory)).not.toContain(daemon);
    await first.ready();
    await setting.daemon();
    await first[Symbol.asyncDispose]();
    await second[Symbol.asyncDispose]();
  });

  it("never when it is `serve`; fronts go on over a daemon when that stops", async () => {
    const serve = await setting.serve();
    expect(await introduce({ version: "99.0.0" })).toEqual({ ready: true });
    expect(await introduce({ again: false })).toEqual({ refused: expect.stringContaining("loopgate serve") });
    expect(await introduce({ as: "serve" })).toHaveProperty("refused");
    const front = setting.front();
    const { request_id } = await front.view("request_human_input", confirm("over serve"));
    const waiting = check(front, request_id, 50);
    expect(await serve.stop()).toBe(0);
    setting.telegram.press(alice, await setting.messageWith("over serve"), "Approve");
    expect(["pending", "decided"]).toContain((await waiting).status);
    expect(await check(front, request_id)).toMatchObject({ approved: true });
    await setting.daemon();
  });
});
