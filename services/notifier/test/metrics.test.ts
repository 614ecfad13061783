import { metricSeries, person, tooManyRequests } from "@loopgate/testing";
import { beforeEach, expect, it } from "vitest";
import { type NotifierFixture, openFixture } from "./support/notifier.ts";

const [alice, mallory] = [person(7), person(666, "Mallory", "M")];
let fixture: NotifierFixture;
beforeEach(async () => {
  fixture = await openFixture();
});

/** The current value of a series; 0 if nothing happened yet. */
const value = async (series: string): Promise<number> =>
  metricSeries(await fixture.metrics.metrics()).get(series) ?? 0;

const callsWith = (method: string, outcome: string) =>
  value(`loopgate_telegram_calls_total{method="${method}",outcome="${outcome}"}`);

it("count what is delivered, and what can't be, by why", async () => {
  fixture.telegram.fail("sendMessage", {
    kind: "refuse",
    code: 403,
    description: "Forbidden: bot was blocked by the user",
  });
  await fixture.start();
  await fixture.ask();
  await expect.poll(() => value('loopgate_undelivered_total{reason="blocked"}')).toBe(1);
  await fixture.ask({ chats: [[8, [8]]] });

  await expect.poll(() => value("loopgate_deliveries_total")).toBe(1);
  expect(await callsWith("sendMessage", "refused")).toBe(1);
  expect(await callsWith("sendMessage", "ok")).toBe(1);
});

it("count what Telegram throttles, and the pauses of chats and of the bot", async () => {
  fixture.telegram.fail("sendMessage", tooManyRequests(30), 3);
  await fixture.start();
  for (const chat of [7, 8, 9]) await fixture.ask({ chats: [[chat, [chat]]] });

  await expect.poll(() => value('loopgate_telegram_pauses_total{scope="bot"}')).toBe(1);
  expect(await value('loopgate_telegram_pauses_total{scope="chat"}')).toBe(3);
  expect(await callsWith("sendMessage", "throttled")).toBe(3);
});

it("count answers that Telegram did not give", async () => {
  fixture.telegram.fail("sendMessage", { kind: "reset_before" });
  fixture.telegram.fail("sendMessage", {
    kind: "refuse",
    code: 500,
    description: "Internal Server Error",
  });
  await fixture.start();
  await fixture.ask();
  await fixture.message();

  await expect.poll(() => callsWith("sendMessage", "ok")).toBe(1);
  expect(await callsWith("sendMessage", "no_answer")).toBe(1);
  expect(await callsWith("sendMessage", "failed")).toBe(1);
});

it("count presses and replies by what became of them", async () => {
  const answersWith = (outcome: string) => value(`loopgate_answers_total{outcome="${outcome}"}`);
  await fixture.start();
  await fixture.ask();
  const message = await fixture.message();
  const withButtons = { ...message };

  await fixture.told(fixture.telegram.press(mallory, withButtons, "Approve"));
  await fixture.told(fixture.telegram.press(alice, withButtons, "Approve"));
  await fixture.told(fixture.telegram.press(alice, withButtons, "Approve"));
  await fixture.told(fixture.telegram.press(alice, withButtons, "Deny"));

  expect(await answersWith("not_allowed")).toBe(1);
  expect(await answersWith("recorded")).toBe(1);
  expect(await answersWith("already_recorded")).toBe(1);
  expect(await answersWith("already_decided")).toBe(1);
});

it("show when updates were last fetched, as long as this process polls", async () => {
  const lastPoll = () => value("loopgate_telegram_last_poll_timestamp_seconds");
  fixture.telegram.fail("getUpdates", {
    kind: "refuse",
    code: 500,
    description: "Internal Server Error",
  });
  const notifier = await fixture.start();
  await expect.poll(() => callsWith("getUpdates", "failed")).toBe(1);
  expect(await lastPoll()).toBe(0);

  await expect.poll(lastPoll).toBeGreaterThan(Date.now() / 1_000 - 60);

  await notifier[Symbol.asyncDispose]();
  expect(await lastPoll()).toBe(0);
});
