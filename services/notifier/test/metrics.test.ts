import { metricSeries, person, tooManyRequests } from "@loopgate/testing";
import { expect, it } from "vitest";
import { NotifierSetting } from "./support/notifier.ts";

const [alice, mallory] = [person(7), person(666, "Mallory", "M")];
const here = NotifierSetting.use();

/** A series as it stands now; 0 if nothing happened yet. */
const value = async (series: string): Promise<number> =>
  metricSeries(await here.metrics.metrics()).get(series) ?? 0;

const callsWith = (method: string, outcome: string) =>
  value(`loopgate_telegram_calls_total{method="${method}",outcome="${outcome}"}`);

it("count what is delivered, and what can't be, by why", async () => {
  here.telegram.fail("sendMessage", {
    kind: "refuse",
    code: 403,
    description: "Forbidden: bot was blocked by the user",
  });
  await here.start();
  await here.ask();
  await expect.poll(() => value('loopgate_undelivered_total{reason="blocked"}')).toBe(1);
  await here.ask({ chats: [[8, [8]]] });

  await expect.poll(() => value("loopgate_deliveries_total")).toBe(1);
  expect(await callsWith("sendMessage", "refused")).toBe(1);
  expect(await callsWith("sendMessage", "ok")).toBe(1);
});

it("count what Telegram throttles, and the pauses of chats and of the bot", async () => {
  here.telegram.fail("sendMessage", tooManyRequests(30), 3);
  await here.start();
  for (const chat of [7, 8, 9]) await here.ask({ chats: [[chat, [chat]]] });

  await expect.poll(() => value('loopgate_telegram_pauses_total{scope="bot"}')).toBe(1);
  expect(await value('loopgate_telegram_pauses_total{scope="chat"}')).toBe(3);
  expect(await callsWith("sendMessage", "throttled")).toBe(3);
});

it("count answers that Telegram did not give", async () => {
  here.telegram.fail("sendMessage", { kind: "reset_before" });
  here.telegram.fail("sendMessage", {
    kind: "refuse",
    code: 500,
    description: "Internal Server Error",
  });
  await here.start();
  await here.ask();
  await here.message();

  await expect.poll(() => callsWith("sendMessage", "ok")).toBe(1);
  expect(await callsWith("sendMessage", "no_answer")).toBe(1);
  expect(await callsWith("sendMessage", "failed")).toBe(1);
});

it("count presses and replies by what became of them", async () => {
  const answersWith = (outcome: string) => value(`loopgate_answers_total{outcome="${outcome}"}`);
  await here.start();
  await here.ask();
  const message = await here.message();
  const withButtons = { ...message };

  await here.told(here.telegram.press(mallory, withButtons, "Approve"));
  await here.told(here.telegram.press(alice, withButtons, "Approve"));
  await here.told(here.telegram.press(alice, withButtons, "Approve"));
  await here.told(here.telegram.press(alice, withButtons, "Deny"));

  expect(await answersWith("not_allowed")).toBe(1);
  expect(await answersWith("recorded")).toBe(1);
  expect(await answersWith("already_recorded")).toBe(1);
  expect(await answersWith("already_decided")).toBe(1);
});

it("show when updates were last fetched, as long as this process polls", async () => {
  const lastPoll = () => value("loopgate_telegram_last_poll_timestamp_seconds");
  here.telegram.fail("getUpdates", {
    kind: "refuse",
    code: 500,
    description: "Internal Server Error",
  });
  const notifier = await here.start();
  await expect.poll(() => callsWith("getUpdates", "failed")).toBe(1);
  expect(await lastPoll()).toBe(0);

  await expect.poll(lastPoll).toBeGreaterThan(Date.now() / 1_000 - 60);

  await notifier[Symbol.asyncDispose]();
  expect(await lastPoll()).toBe(0);
});
