import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { creationTag, type RequestView } from "@loopgate/contracts";
import { callRoute, InboxPage, spendLink } from "@loopgate/testing";
import { describe, expect, it } from "vitest";
import { viewFrom } from "../harness/call.ts";
import { runLoopgate } from "../harness/command.ts";
import { startLoopgate, temporaryDirectory } from "../harness/loopgate.ts";
import { daemonsIn, killIfThere } from "../harness/stdio-proxy.ts";
import { Terminal } from "../harness/terminal.ts";
import { StdioSetting } from "../harness/use-stdio-proxies.ts";

const cli = fileURLToPath(new URL("../../services/loopgate/src/cli.ts", import.meta.url));
const noBot = { TELEGRAM_BOT_TOKEN: "", TELEGRAM_CHAT_ID: "" };
const LINK = /(http:\/\/127\.0\.0\.1:\d+\/#code=[0-9a-f]{32})/;
const question = { message: "Deploy?", request_type: "confirmation" };

const approve = (page: InboxPage, { request_id, created_at }: RequestView) =>
  page.call(`POST /v1/requests/${request_id}/decision`, {
    option: "Approve",
    tag: creationTag(request_id, created_at),
  });

/** Loopgate without a bot, and the environment of commands that find it. */
async function startWithoutBot(directory: string) {
  const environment = { HOME: directory, LOOPGATE_DATA_DIR: directory };
  const loopgate = await startLoopgate({ directory, apiRoot: "http://127.0.0.1:9", environment: noBot });
  return { loopgate, environment };
}

describe("loopgate serve without a bot", () => {
  it("prints a link on a terminal, which signs its person in once", async () => {
    await using directory = await temporaryDirectory();
    const environment = { HOME: directory.path, LOOPGATE_DATA_DIR: directory.path, SERVER_PORT: "0" };
    await using terminal = new Terminal([process.execPath, cli, "serve"], environment);
    const link = await terminal.shows(LINK);
    expect(terminal.output).toContain("asks   you, in the inbox");
    const page = await InboxPage.open(link);
    expect((await spendLink(link)).status).toBe(410);
    const waiting = viewFrom(page.url, "request_human_input", { ...question, wait_seconds: 40 });
    await expect.poll(async () => (await pending(page)).length).toBe(1);
    const [asked] = await pending(page);
    expect((await approve(page, asked!)).status).toBe(200);
    expect(await waiting).toMatchObject({ approved: true });
  });

  it("T7: prints no link where a program reads it", async () => {
    await using directory = await temporaryDirectory();
    const { loopgate } = await startWithoutBot(directory.path);
    await using _running = loopgate;
    expect(loopgate.output()).toContain("inbox  ./loopgate open");
    expect(loopgate.output()).not.toContain("code=");
  });
});

const pending = async (page: InboxPage) =>
  (await page.call("GET /v1/requests")).body["data"] as readonly RequestView[];

describe("loopgate open", () => {
  it("gives a link on a terminal and opens it in the browser; without a terminal it says what to do", async () => {
    await using directory = await temporaryDirectory();
    const { loopgate, environment } = await startWithoutBot(directory.path);
    await using _running = loopgate;
    const opened = join(directory.path, "opened");
    const browser = join(directory.path, "browser");
    await writeFile(browser, `#!/bin/sh\necho "$1" > ${opened}\n`);
    await chmod(browser, 0o700);
    await using terminal = new Terminal([process.execPath, cli, "open"], {
      ...environment,
      BROWSER: browser,
    });
    const link = await terminal.shows(LINK);
    await expect.poll(() => readFile(opened, "utf8").catch(() => "")).toContain(link);
    expect((await InboxPage.open(link)).url).toBe(loopgate.url);

    const refused = await runLoopgate(["open"], environment);
    expect(refused.code).toBe(1);
    expect(refused.output).toContain("run ./loopgate open in one");
    expect(refused.output).not.toContain("code=");
    const printed = await runLoopgate(["open", "--print"], environment);
    expect((await InboxPage.open(printed.output.trim())).url).toBe(loopgate.url);
  });

  it.each([
    ["where no Loopgate runs", undefined, "run npm start"],
    ["where the inbox is off", { LOOPGATE_INBOX: "off" }, "set LOOPGATE_INBOX"],
  ])("says what to do %s", async (_, running, message) => {
    await using directory = await temporaryDirectory();
    const { path } = directory;
    await using parts = new AsyncDisposableStack();
    const environment = { ...noBot, ...running };
    if (running !== undefined)
      parts.use(await startLoopgate({ directory: path, apiRoot: "http://127.0.0.1:9", environment }));
    const { code, output } = await runLoopgate(["open", "--print"], { HOME: path, LOOPGATE_DATA_DIR: path });
    expect({ code, output }).toEqual({ code: 1, output: expect.stringContaining(message) });
  });
});

it.each([
  ["an address that is none", ["alice"], "must be a mail address"],
  ["a deployment of one process", ["alice@example.com"], "set NATS_URL"],
  ["a group with a space in its name", ["alice@example.com", "--group", "a b"], "a name without spaces"],
  [
    "more groups than a person may have",
    ["alice@example.com", "--group", ...Array.from({ length: 200 }, (_, n) => `g${n}`)],
    "at most 199 groups",
  ],
])("loopgate invite refuses %s", async (_, args, message) => {
  const { code, output } = await runLoopgate(["invite", ...args], {});
  expect({ code, output }).toEqual({ code: 1, output: expect.stringContaining(message) });
});

describe("over stdio without a bot", () => {
  const setting = StdioSetting.use();
  const environment = () => ({ HOME: setting.directory, LOOPGATE_DATA_DIR: setting.directory });
  const openInbox = async () => {
    const { output } = await runLoopgate(["open", "--print"], environment());
    return InboxPage.open(output.trim());
  };

  it("a question stays open, its text names `loopgate open` and no link, and an answer in the browser counts", async () => {
    const proxy = setting.proxy(noBot);
    const { result } = await proxy.call("request_human_input", question);
    const texts = JSON.stringify(result.content);
    expect(result.structuredContent).toMatchObject({ status: "pending", delivery: "delivered" });
    expect(texts).toContain("./loopgate open");
    expect(texts).not.toMatch(/code=|127\.0\.0\.1/);
    const { request_id } = result.structuredContent;
    const waiting = proxy.view("check_request_status", { request_id, wait_seconds: 40 });
    const page = await openInbox();
    expect((await approve(page, result.structuredContent)).status).toBe(200);
    expect(await waiting).toMatchObject({ approved: true, decided_by: { channel: "web" } });
  });

  it("the inbox is for people alone: it takes no calls of programs", async () => {
    const proxy = setting.proxy(noBot);
    await proxy.ready();
    const { url } = await openInbox();
    expect((await callRoute(url, "POST /mcp", { body: { method: "tools/list", id: 1 } })).status).toBe(404);
    expect((await callRoute(url, "POST /v1/requests", { body: question })).status).toBe(404);
    expect((await callRoute(url, "GET /v1/requests")).status).toBe(401);
  });

  it("after a restart of the daemon the browser is still signed in, at the same address", async () => {
    const proxy = setting.proxy(noBot);
    const view = await proxy.view("request_human_input", question);
    const page = await openInbox();
    const [daemon = 0] = daemonsIn(setting.directory);
    killIfThere(daemon);
    const waiting = proxy.view("check_request_status", { request_id: view.request_id, wait_seconds: 40 });
    await expect
      .poll(() =>
        approve(page, view).then(
          ({ status }) => status,
          () => 0,
        ),
      )
      .toBe(200);
    expect(await waiting).toMatchObject({ approved: true });
  });
});
