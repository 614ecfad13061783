import { createMetrics } from "@loopgate/runtime";
import { tooManyRequests } from "@loopgate/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Pauses } from "../src/channels/telegram/api/pauses.ts";
import { telegramMetrics } from "../src/channels/telegram/metrics.ts";
import { type NotifierFixture, openFixture } from "./support/notifier.ts";
import { bot } from "./support/secrets.ts";

let fixture: NotifierFixture;

beforeEach(async () => {
  fixture = await openFixture();
});
const sendsTo = (chat: number) =>
  fixture.telegram.calls.filter(
    ({ method, payload }) => method === "sendMessage" && payload["chat_id"] === String(chat),
  ).length;

describe("a pause that Telegram asked for", () => {
  it("is obeyed by the next holder of the lease; other chats continue", async () => {
    fixture.telegram.fail("sendMessage", tooManyRequests(30));
    const first = await fixture.start("one");
    await fixture.ask();
    await expect.poll(() => fixture.logged.join("")).toContain("a question was not sent");
    await first[Symbol.asyncDispose]();
    await fixture.start("two");
    await fixture.ask({ chats: [[8, [8]]] });
    const late = await fixture.ask();
    await fixture.message(8);
    await expect.poll(() => fixture.logged.join("")).toContain(late.event.subject);
    expect(sendsTo(7)).toBe(1);
  });

  it("in three chats at once pauses the bot, also for the next holder of the lease", async () => {
    fixture.telegram.fail("sendMessage", tooManyRequests(30), 3);
    const first = await fixture.start("one");
    for (const chat of [7, 8, 9]) await fixture.ask({ chats: [[chat, [chat]]] });
    await expect.poll(() => sendsTo(7) + sendsTo(8) + sendsTo(9)).toBe(3);
    await first[Symbol.asyncDispose]();
    await fixture.start("two");
    const other = await fixture.ask({ chats: [[10, [10]]] });
    await expect.poll(() => fixture.logged.join("")).toContain(other.event.subject);
    expect(sendsTo(10)).toBe(0);
  });
});

describe("pauses", () => {
  const open = async () =>
    new Pauses({
      channels: await fixture.bus.keyValue.bucket("channels"),
      bot,
      logger: fixture.logger(),
      metrics: telegramMetrics(createMetrics()),
    });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("of several processes are kept together, the longest for each chat, until they are over, however the clock is set", async () => {
    vi.useFakeTimers({ toFake: ["Date", "performance"] });
    const [one, two, next] = [await open(), await open(), await open()];
    await Promise.all([one.begin("7", 20_000), two.begin("7", 10_000), two.begin("8", 5_000)]);
    await next.load();
    expect([next.leftMs("7"), next.leftMs("8"), next.leftMs("9")]).toEqual([20_000, 5_000, 0]);
    vi.advanceTimersByTime(6_000);
    expect([next.leftMs("7"), next.leftMs("8")]).toEqual([14_000, 0]);
    await next.begin("9", 3_000);
    const kept = await (await fixture.bus.keyValue.bucket("channels")).get(`telegram_${bot}.pauses`);
    expect(Object.keys(JSON.parse(kept?.value ?? ""))).toEqual(["7", "9"]);
    vi.setSystemTime(Date.now() - 600_000);
    expect([next.leftMs("7"), next.leftMs("8")]).toEqual([14_000, 0]);
  });

  it("that end before a takeover is possible are not kept", async () => {
    await (await open()).begin("7", 2_000);
    const next = await open();
    await next.load();
    expect(next.leftMs("7")).toBe(0);
  });
});
