import { chmod, chown, mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FakeTelegram, person, Refused, tooManyRequests } from "@loopgate/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runLoopgate } from "../harness/command.ts";
import { diagnose } from "../harness/doctor.ts";
import { startLoopgate, telegramEnvironment, temporaryDirectory } from "../harness/loopgate.ts";
import { botToken } from "../harness/secret-scan.ts";

const [bot = ""] = botToken.split(":");
let parts: AsyncDisposableStack;
let telegram: FakeTelegram;
let directory: string;
beforeEach(async () => {
  parts = new AsyncDisposableStack();
  telegram = parts.use(await FakeTelegram.start(botToken));
  directory = parts.use(await temporaryDirectory()).path;
});
afterEach(() => parts.disposeAsync());

const environment = (more: Readonly<Record<string, string>> = {}) => ({
  HOME: directory,
  LOOPGATE_DATA_DIR: directory,
  ...telegramEnvironment(telegram.apiRoot),
  ...more,
});
const examine = (more: Readonly<Record<string, string>> = {}, ...flags: readonly string[]) =>
  diagnose(environment(more), ...flags);
const methods = () => telegram.calls.map(({ method }) => method);
const dataDirectory = () => join(directory, bot);

const serve = async (more: Readonly<Record<string, string>> = {}) =>
  parts.use(await startLoopgate({ directory, apiRoot: telegram.apiRoot, environment: more }));

describe("without a problem, the doctor", () => {
  it("reports one line per check, exits with 0, and has no side effects", async () => {
    const { code, output } = await runLoopgate(["doctor"], environment());
    expect({ code, output }).toEqual({
      code: 0,
      output: expect.stringContaining("problems: 0, warnings: 0"),
    });
    expect(output).toMatch(/^ok {7}bot: @gate_bot \(7000000042\) answers$/m);
    expect(methods().sort()).toEqual(["getMe", "getWebhookInfo", "sendChatAction"]);
    await expect(stat(dataDirectory())).rejects.toThrow("ENOENT");
  });

  it("sends one message to the default chat with --send-test", async () => {
    const { bad } = await examine({}, "--send-test");
    expect(bad).toEqual([]);
    expect(telegram.messagesIn(7)).toHaveLength(1);
  });
});

describe("the doctor finds among settings", () => {
  it("all invalid ones, and still checks the rest", async () => {
    const { bad, lines } = await examine({ SERVER_PORT: "many", LOG_LEVEL: "loud" });
    expect(bad).toEqual([
      expect.stringContaining("problem configuration: LOG_LEVEL: "),
      expect.stringContaining("problem configuration: SERVER_PORT: "),
    ]);
    expect(lines).toContain("ok bot: @gate_bot (7000000042) answers");
  });

  it("that no one can be asked, and that everyone can ask", async () => {
    const open = { SERVER_HOST: "0.0.0.0", LOOPGATE_INSECURE: "1" };
    const { bad } = await examine({
      TELEGRAM_BOT_TOKEN: "",
      TELEGRAM_CHAT_ID: "",
      LOOPGATE_INBOX: "off",
      ...open,
    });
    expect(bad).toEqual([
      expect.stringContaining("warning http: everyone who can reach 0.0.0.0:8080"),
      expect.stringContaining("set TELEGRAM_BOT_TOKEN"),
    ]);
  });

  it("whom the inbox asks without a bot, and a public address that leads elsewhere", async () => {
    const without = {
      TELEGRAM_BOT_TOKEN: "",
      TELEGRAM_CHAT_ID: "",
      LOOPGATE_PUBLIC_URL: "http://127.0.0.1:1",
    };
    const { bad, lines } = await examine(without);
    expect(bad).toEqual([expect.stringContaining("warning inbox: LOOPGATE_PUBLIC_URL has another port")]);
    expect(lines).toContain("ok bot: none: the inbox in the browser asks");
    expect(lines).toContain("ok inbox: asks web:owner: `loopgate open` signs the owner in");
  });

  it("expired keys, and a key file that other users can write", async () => {
    const file = join(directory, "keys.json");
    const key = { hash: `sha256:${"a".repeat(64)}`, scopes: ["request"], expires_at: "2020-01-01T00:00:00Z" };
    await writeFile(file, JSON.stringify([{ id: "old", ...key }]));
    await chmod(file, 0o666);
    const { bad } = await examine({ LOOPGATE_API_KEYS_FILE: file, SERVER_HOST: "0.0.0.0" });
    expect(bad).toEqual([
      expect.stringContaining("problem http: other users of this machine can add keys"),
      expect.stringMatching(/^problem http: .* has no valid key/),
    ]);
  });
});

describe("the doctor finds at Telegram", () => {
  it("a refused token", async () => {
    await using other = await FakeTelegram.start("1:another");
    const { bad } = await examine({ TELEGRAM_API_ROOT: other.apiRoot });
    expect(bad).toEqual([
      expect.stringMatching(/^problem bot: .* refuses the bot token: copy TELEGRAM_BOT_TOKEN/),
    ]);
  });

  it.each([
    ["no server", "http://127.0.0.1:1", "can't be reached (ECONNREFUSED): check the network"],
    ["an unknown host name", "http://nowhere.invalid", "can't be reached ("],
    ["a server without TLS", "https", "TLS with Telegram fails (EPROTO): "],
  ] as const)("%s", async (_, apiRoot, sentence) => {
    const root = apiRoot === "https" ? telegram.apiRoot.replace("http:", "https:") : apiRoot;
    const { bad } = await examine({ TELEGRAM_API_ROOT: root });
    expect(bad).toEqual([expect.stringMatching(/^problem bot: /)]);
    expect(bad[0]).toContain(sentence);
  });

  it.each([
    ["a proxy's page", { kind: "html" }, "problem bot: Telegram can't be reached (no usable answer)"],
    ["no answer", { kind: "hang" }, "problem bot: Telegram can't be reached (no usable answer)"],
    ["a rate limit", tooManyRequests(30), "warning bot: Telegram accepts no calls for 30 s"],
  ] as const)("%s", async (_, fault, sentence) => {
    telegram.fail("getMe", fault);
    expect((await examine()).bad).toEqual([expect.stringContaining(sentence)]);
  });

  it("every chat that can't be asked, and why", async () => {
    const { refusing } = telegram.chats;
    telegram.shutOut(7);
    refusing.set("8", new Refused(400, "Bad Request: chat not found"));
    refusing.set("9", new Refused(403, "Forbidden: user is deactivated"));
    telegram.shutOut(-5);
    refusing.set("-6", new Refused(400, "Bad Request: not enough rights to send text messages to the chat"));
    telegram.migrate(-7, -1_000_000_000_007);
    const { bad } = await examine({ TELEGRAM_ALLOWED_CHATS: "8,9,10,-5,-6,-7,-8" });
    expect(bad).toEqual([
      expect.stringContaining("problem chat 7: the person has blocked the bot: unblock @gate_bot"),
      expect.stringContaining("problem chat 8: Telegram knows no such chat of this bot: write any message"),
      expect.stringContaining("problem chat 9: the person's account is deleted"),
      expect.stringContaining("problem chat -5: the bot is not in the group: add @gate_bot"),
      expect.stringContaining("problem chat -6: the bot may not write there (no_rights)"),
      expect.stringContaining(
        "warning chat -7: the group has become a supergroup with the id -1000000000007",
      ),
      expect.stringContaining("warning chat -8: no one may answer in this group"),
    ]);
  });

  it("a broadcast channel, where no one can answer", async () => {
    telegram.chats.broadcasts.add("-1000000000999");
    const { bad } = await examine({ TELEGRAM_ALLOWED_CHATS: "-1000000000999", TELEGRAM_RESPONDER_IDS: "1" });
    expect(bad).toEqual([
      expect.stringContaining("problem chat -1000000000999: this is a broadcast channel"),
    ]);
  });

  it("who may answer in a group, and which messages its privacy mode lets the bot see", async () => {
    const { lines } = await examine({ TELEGRAM_CHAT_ID: "-8", TELEGRAM_RESPONDER_IDS: "1,2" });
    expect(lines).toContainEqual(
      expect.stringMatching(/^ok chat -8: can be asked; 2 people .* privacy mode is on/),
    );
  });

  it("a webhook that gets the updates, and shows only its host", async () => {
    await setWebhook("https://elsewhere.example/secret-path");
    const { bad } = await examine();
    expect(bad).toEqual([
      expect.stringMatching(
        /^problem webhook: .* to elsewhere\.example, and Loopgate polls: .*deleteWebhook/,
      ),
    ]);
  });

  it("that the webhook is not set yet, is set elsewhere, or can't be delivered to", async () => {
    const url = "http://127.0.0.1:1/hook";
    const webhook = { TELEGRAM_WEBHOOK_URL: url, TELEGRAM_WEBHOOK_SECRET: "s" };
    expect((await examine(webhook)).bad).toEqual([
      expect.stringContaining("warning webhook: none is set yet"),
    ]);
    await setWebhook("https://elsewhere.example/");
    expect((await examine(webhook)).bad).toEqual([expect.stringContaining("not to TELEGRAM_WEBHOOK_URL")]);
    await setWebhook(url);
    telegram.push({ message: { message_id: 1 } } as never);
    await expect.poll(async () => (await webhookInfo()).last_error_message).toBeDefined();
    expect((await examine(webhook)).bad).toEqual([
      expect.stringContaining(
        "problem webhook: Telegram can't deliver to 127.0.0.1:1 (Connection refused), and 1",
      ),
    ]);
  });

  it("another poller, if it may interrupt it", async () => {
    using rival = startRival();
    await expect.poll(() => rival.polls).toBeGreaterThan(0);
    expect((await examine()).lines).toContainEqual(expect.stringContaining("ok other pollers: not checked"));
    expect(rival.conflicts).toBe(0);
    const { bad } = await examine({}, "--poll");
    expect(bad).toEqual([
      expect.stringContaining("problem other pollers: another process polls this bot: stop"),
    ]);
  });
});

it("while a Loopgate runs, the doctor asks it and does not poll", async () => {
  const loopgate = await serve();
  const { bad, lines } = await examine({}, "--poll");
  expect(bad).toEqual([]);
  expect(lines).toContainEqual(
    expect.stringContaining(`ok daemon: process ${loopgate.pid} (loopgate serve) runs`),
  );
  expect(telegram.conflicts).toBe(0);

  await using other = await FakeTelegram.start(botToken);
  expect((await examine({ TELEGRAM_API_ROOT: other.apiRoot })).bad).toEqual([
    expect.stringContaining("warning daemon: process "),
  ]);
  expect((await examine({ LOOPGATE_DATA_DIR: join(directory, "other") })).bad).toEqual([
    expect.stringContaining("problem daemon: another process of this user serves this bot"),
  ]);

  const description = "Conflict: terminated by other getUpdates request";
  telegram.fail("getUpdates", { kind: "refuse", code: 409, description }, Infinity);
  telegram.say(person(1), 1, "ends the poll that waits");
  const ofAnother = /^problem daemon: process \d+ reports a problem with telegram: .* polls this bot: stop/;
  await expect.poll(async () => (await examine()).bad).toEqual([expect.stringMatching(ofAnother)]);

  await loopgate.kill();
  const after = await examine();
  expect(after.bad).toEqual([]);
  expect(after.lines).toContainEqual(expect.stringContaining("its database is intact"));
});

describe("the doctor finds in the data directory", () => {
  it("files that other users can access, a damaged database, and another owner", async () => {
    await mkdir(dataDirectory(), { mode: 0o755 });
    await writeFile(join(dataDirectory(), "format"), "1", { mode: 0o600 });
    await writeFile(join(dataDirectory(), "loopgate.db"), "damaged", { mode: 0o644 });
    expect((await examine()).bad).toEqual([
      expect.stringContaining(`problem data directory: other users can access ${bot}, loopgate.db`),
      expect.stringContaining("loopgate.db is damaged: replace it with a backup"),
    ]);
    if (process.getuid?.() !== 0) return;
    await chown(dataDirectory(), 4_711, 4_711);
    expect((await examine()).bad).toContainEqual(
      expect.stringContaining("belongs to user 4711, and you are 0"),
    );
  });

  it("another version's format", async () => {
    await mkdir(dataDirectory(), { mode: 0o700 });
    await writeFile(join(dataDirectory(), "loopgate.db"), "", { mode: 0o600 });
    await writeFile(join(dataDirectory(), "format"), "99", { mode: 0o600 });
    expect((await examine()).bad).toEqual([expect.stringContaining("has format 99, and this version needs")]);
  });

  it("that it can't be created", async () => {
    await writeFile(join(directory, "file"), "");
    const { bad } = await examine({ LOOPGATE_DATA_DIR: join(directory, "file", "below") });
    expect(bad).toEqual([
      expect.stringMatching(/^problem data directory: .* can't be used: set LOOPGATE_DATA_DIR/),
    ]);
  });
});

const call = async (method: string, payload: object) => {
  const response = await fetch(`${telegram.apiRoot}/bot${botToken}/${method}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(payload),
  });
  return (await response.json()) as { readonly ok: boolean; readonly result: never };
};
const setWebhook = (url: string) => call("setWebhook", { url });
const webhookInfo = async (): Promise<{ last_error_message?: string }> =>
  (await call("getWebhookInfo", {})).result;

/** Another poller of the bot, which ignores conflicts. */
function startRival() {
  const rival = { polls: 0, conflicts: 0, isOver: false, [Symbol.dispose]: () => void (rival.isOver = true) };
  const poll = async () => {
    while (!rival.isOver) {
      rival.polls += 1;
      const answer = await call("getUpdates", { timeout: 50 });
      if (!answer.ok) rival.conflicts += 1;
    }
  };
  poll().catch(() => undefined);
  return rival;
}
