import type { RequestQueries } from "@loopgate/bus";
import { beforeEach, expect, it } from "vitest";
import { OpenQuestions } from "../src/open-questions.ts";
import { chatOf } from "../src/channels/telegram/moved-chats.ts";
import { type NotifierFixture, openFixture } from "./support/notifier.ts";
import { bot } from "./support/secrets.ts";

let fixture: NotifierFixture;

beforeEach(async () => {
  fixture = await openFixture();
});

/** The real queries, and how often lists were asked for. */
function counted() {
  let lists = 0;
  const { queries } = fixture;
  const counting: RequestQueries = {
    status: (query) => queries.status(query),
    timeline: (query) => queries.timeline(query),
    list: (query) => ((lists += 1), queries.list(query)),
    count: (filter) => queries.count(filter),
    cancel: (command) => queries.cancel(command),
  };
  return { queries: counting, lists: () => lists };
}

it("looks through all pages, and once for all who ask at once", async () => {
  for (let n = 0; n < 45; n++)
    await fixture.ask({ message: `question ${n}`, chats: [[n % 2 === 0 ? 7 : 8, [7]]] });
  const { queries, lists } = counted();
  const open = new OpenQuestions(queries, { tenant: "default", placeOf: chatOf });
  await expect.poll(async () => (await open.all()).questions.length).toBe(45);
  const before = lists();
  const looks = await Promise.all(Array.from({ length: 10 }, () => open.at([`telegram_${bot}_7`])));
  for (const { questions, isComplete } of looks) expect([questions.length, isComplete]).toEqual([23, true]);
  expect(looks[0]?.questions.map(({ view }) => view.message).slice(0, 2)).toEqual([
    "question 0",
    "question 2",
  ]);
  expect(lists() - before).toBe(3);
  await open.all();
  expect(lists() - before).toBe(6);
});
