import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FakeTelegram } from "@loopgate/testing";
import { describe, expect, it } from "vitest";
import { callTool } from "../harness/call.ts";
import { runLoopgate } from "../harness/command.ts";
import { startLoopgate, temporaryDirectory } from "../harness/loopgate.ts";
import { botToken, expectNoSecrets, textCanary } from "../harness/secret-scan.ts";

describe("a start", () => {
  it("reports all problems of the configuration at once, and never a value", async () => {
    const { code, output } = await runLoopgate(["serve"], {
      TELEGRAM_BOT_TOKEN: textCanary,
      TELEGRAM_CHAT_ID: "@someone",
      SERVER_HOST: "0.0.0.0",
      SERVER_PORT: "many",
      LOG_LEVEL: "loud",
    });
    expect(code).toBe(1);
    for (const name of [
      "TELEGRAM_BOT_TOKEN",
      "TELEGRAM_CHAT_ID",
      "SERVER_HOST",
      "SERVER_PORT",
      "LOG_LEVEL",
    ]) {
      expect(output).toContain(`- ${name}: `);
    }
  });

  it.each([
    ["beyond loopback without LOOPGATE_INSECURE", { SERVER_HOST: "0.0.0.0" }, "SERVER_HOST"],
    [
      "with a group that names no responders",
      { TELEGRAM_BOT_TOKEN: botToken, TELEGRAM_CHAT_ID: "-5" },
      "TELEGRAM_RESPONDER_IDS",
    ],
    ["with a group as a responder", { TELEGRAM_RESPONDER_IDS: "7,-5" }, "TELEGRAM_RESPONDER_IDS"],
    [
      "with a retention shorter than the longest timeout",
      { LOOPGATE_LOG_RETENTION_DAYS: "40" },
      "LOOPGATE_LOG_RETENTION_DAYS",
    ],
    [
      "with a minimum above the maximum",
      { LOOPGATE_MIN_TIMEOUT_SECONDS: "20", LOOPGATE_MAX_TIMEOUT_SECONDS: "10" },
      "LOOPGATE_MIN_TIMEOUT_SECONDS",
    ],
    [
      "with a token file that is not there",
      { TELEGRAM_BOT_TOKEN_FILE: "/nowhere" },
      "TELEGRAM_BOT_TOKEN_FILE",
    ],
  ])("%s is refused, and the message names the setting", async (_, environment, name) => {
    await using directory = await temporaryDirectory();
    const { code, output } = await runLoopgate(["serve"], {
      LOOPGATE_DATA_DIR: directory.path,
      ...environment,
    });
    expect({ code, named: output.includes(name) }, output).toEqual({ code: 1, named: true });
  });

  it("with a token that Telegram refuses reports it, without the token", async () => {
    await using telegram = await FakeTelegram.start("1:another");
    await using directory = await temporaryDirectory();
    const { code, output } = await runLoopgate(["serve"], {
      LOOPGATE_DATA_DIR: directory.path,
      TELEGRAM_BOT_TOKEN: botToken,
      TELEGRAM_API_ROOT: telegram.apiRoot,
    });
    expect(code).toBe(1);
    expect(output).toContain("TELEGRAM_BOT_TOKEN");
  });

  it("on a data directory that is in use is refused; after kill -9 of its process it is free", async () => {
    await using telegram = await FakeTelegram.start(botToken);
    await using directory = await temporaryDirectory();
    const options = { directory: directory.path, apiRoot: telegram.apiRoot };
    const loopgate = await startLoopgate(options);
    const second = await runLoopgate(["serve"], {
      LOOPGATE_DATA_DIR: directory.path,
      TELEGRAM_BOT_TOKEN: botToken,
      TELEGRAM_API_ROOT: telegram.apiRoot,
      SERVER_PORT: "0",
    });
    expect(second.code).toBe(1);
    expect(second.output).toContain("another Loopgate");
    await loopgate.kill();
    await using third = await startLoopgate(options);
    expect(await third.stop()).toBe(0);
  });

  it("on a data directory of another format is refused, and changes nothing there", async () => {
    await using directory = await temporaryDirectory();
    const dataDirectory = join(directory.path, "no-bot");
    await mkdir(dataDirectory);
    await writeFile(join(dataDirectory, "loopgate.db"), "of another version");
    const { code, output } = await runLoopgate(["serve"], {
      LOOPGATE_DATA_DIR: directory.path,
      SERVER_PORT: "0",
    });
    expect({ code, output }).toEqual({ code: 1, output: expect.stringContaining("has format unknown") });
    expect(await readFile(join(dataDirectory, "loopgate.db"), "utf8")).toBe("of another version");
  });

  it("for a bot that another process of this user serves is refused, also in another data directory", async () => {
    await using telegram = await FakeTelegram.start(botToken);
    await using home = await temporaryDirectory();
    await using other = await temporaryDirectory();
    await using first = await startLoopgate({ directory: home.path, apiRoot: telegram.apiRoot });
    const environment = { HOME: home.path, LOOPGATE_DATA_DIR: other.path, TELEGRAM_BOT_TOKEN: botToken };
    const second = await runLoopgate(["serve"], {
      ...environment,
      TELEGRAM_API_ROOT: telegram.apiRoot,
      SERVER_PORT: "0",
    });
    expect(second).toEqual({
      code: 1,
      output: expect.stringContaining("another Loopgate process serves bot"),
    });
    expect(await first.stop()).toBe(0);
  });

  it("on another loopback address is reachable at the address it reports", async () => {
    await using directory = await temporaryDirectory();
    const environment = { SERVER_HOST: "127.0.0.5", TELEGRAM_BOT_TOKEN: "", TELEGRAM_CHAT_ID: "" };
    await using loopgate = await startLoopgate({
      directory: directory.path,
      apiRoot: "http://127.0.0.1:9",
      environment,
    });
    expect(loopgate.url).toContain("127.0.0.5");
    expect(await callTool(loopgate.url, "list_pending_requests", {})).toMatchObject({
      structuredContent: { count: 0 },
    });
  });

  it("on a port in use is refused, and the message says what to set", async () => {
    await using telegram = await FakeTelegram.start(botToken);
    await using directory = await temporaryDirectory();
    const port = new URL(telegram.apiRoot).port;
    const { code, output } = await runLoopgate(["serve"], {
      LOOPGATE_DATA_DIR: directory.path,
      SERVER_PORT: port,
    });
    expect({ code, output }).toEqual({ code: 1, output: expect.stringContaining("set another SERVER_PORT") });
  });

  it("without a bot token and an inbox serves its tools, and answers requests with no_recipient and the next step", async () => {
    await using directory = await temporaryDirectory();
    await using loopgate = await startLoopgate({
      directory: directory.path,
      apiRoot: "http://127.0.0.1:9",
      environment: { TELEGRAM_BOT_TOKEN: "", TELEGRAM_CHAT_ID: "", LOOPGATE_INBOX: "off" },
    });
    expect(loopgate.output()).toContain("TELEGRAM_BOT_TOKEN");
    const result = await callTool(loopgate.url, "request_human_input", { message: textCanary });
    expect(result).toMatchObject({ isError: true, structuredContent: { error: { code: "no_recipient" } } });
    expect(JSON.stringify(result)).toContain("TELEGRAM_BOT_TOKEN");
  });
});

describe("the secret scan of outputs", () => {
  it.each([
    botToken,
    `https://host/bot${botToken}/getMe`,
    `text with ${textCanary} inside`,
    botToken.slice(11),
  ])("finds a planted secret", (planted) => {
    expect(() => expectNoSecrets(`{"level":"info","msg":"${planted}"}`)).toThrow(
      "an output of Loopgate holds",
    );
  });

  it("accepts outputs without secrets", () => {
    expect(() => expectNoSecrets('{"level":"info","request":"019ab3f0"}')).not.toThrow();
  });
});
