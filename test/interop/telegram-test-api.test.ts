// telegram-test-api knows neither offsets, errors, groups, topics nor files: all that stays with our own stand-in.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { viewFrom } from "../harness/call.ts";
import { type RunningLoopgate, startLoopgate, temporaryDirectory } from "../harness/loopgate.ts";
import { textCanary } from "../harness/secret-scan.ts";
import { startForeignTelegram } from "./foreign-telegram.ts";
import { startOwnTelegram, type TelegramPeer } from "./telegram-peer.ts";

describe.each([
  ["telegram-test-api", startForeignTelegram],
  ["our own stand-in, which thereby behaves the same", startOwnTelegram],
])("with %s as Telegram", (_, startTelegram) => {
  const parts = new AsyncDisposableStack();
  let telegram: TelegramPeer;
  let loopgate: RunningLoopgate;
  beforeAll(async () => {
    telegram = parts.use(await startTelegram());
    const { path: directory } = parts.use(await temporaryDirectory());
    const environment = { TELEGRAM_BOT_TOKEN: telegram.token };
    loopgate = parts.use(await startLoopgate({ directory, apiRoot: telegram.apiRoot, environment }));
  });
  afterAll(() => parts.disposeAsync());

  const ask = (message: string, more: object = {}) =>
    viewFrom(loopgate.url, "request_human_input", { message: `${textCanary} ${message}`, ...more });
  const decided = (request_id: string) =>
    viewFrom(loopgate.url, "check_request_status", { request_id, wait_seconds: 20 });
  const shown = (text: string) => telegram.messages().find((message) => message.text.includes(text));

  it("a press decides, is answered, and closes its message", async () => {
    const { request_id } = await ask("deploy?", { request_type: "confirmation" });
    await expect.poll(() => shown("deploy?")?.buttons).toEqual(["Approve", "Deny"]);
    await telegram.press(shown("deploy?")!.id, "Approve");
    expect(await decided(request_id)).toMatchObject({
      approved: true,
      decided_by: { id: "telegram:7", name: expect.stringContaining("Alice") },
    });
    await expect
      .poll(() => shown("deploy?"))
      .toMatchObject({ text: expect.stringMatching(/^✅ Approved/), buttons: [] });
    await expect.poll(() => telegram.answers()).toEqual(["Recorded: Approve"]);
  });

  it("a typed reply answers, and text that replies to nothing does not", async () => {
    const { request_id } = await ask("which region?");
    await expect.poll(() => shown("which region?")).toBeDefined();
    await telegram.say("eu-west");
    await expect.poll(() => shown("press one of its buttons, or reply")).toBeDefined();
    await telegram.reply(shown("which region?")!.id, "eu-central");
    expect(await decided(request_id)).toMatchObject({ response: "eu-central", outcome: "answered" });
    await expect.poll(() => shown("which region?")?.text).toMatch(/^✅ Answered/);
  });

  it("a cancelled question shows it", async () => {
    const { request_id } = await ask("withdrawn?", { options: ["now", "later"] });
    await expect.poll(() => shown("withdrawn?")?.buttons).toEqual(["now", "later"]);
    await viewFrom(loopgate.url, "cancel_request", { request_id });
    await expect
      .poll(() => shown("withdrawn?"))
      .toMatchObject({ text: expect.stringMatching(/^🚫/), buttons: [] });
  });

  it("commands are answered", async () => {
    await ask("still open?");
    await expect.poll(() => shown("still open?")).toBeDefined();
    await telegram.say("/pending");
    await expect.poll(() => shown("1 question waits for you here")?.text).toContain("still open?");
  });
});
