import { viewOf } from "@loopgate/domain";
import { person, type ShownMessage } from "@loopgate/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { type NotifierFixture, openFixture } from "./support/notifier.ts";

const [alice, bob] = [person(7), person(8, "Bob", "Stone")];
const group = -100500;
/** 4,094 characters: the rest did not fit. */
const first = `${"word ".repeat(818)}DO`.padStart(4_094, ".");
const view = async (created: Parameters<typeof fixture.set>[0]) => viewOf(await fixture.set(created));
let fixture: NotifierFixture;
beforeEach(async () => {
  fixture = await openFixture();
});

async function askOne(chat = 7) {
  await fixture.start();
  const created = await fixture.ask({ options: [], chats: [[chat, [7, 8]]] });
  return { created, message: await fixture.message(chat) };
}
const answer = async (created: Parameters<typeof fixture.set>[0]) => {
  await fixture.decided(created);
  return view(created);
};

describe("an answer that came as several messages is one answer:", () => {
  it.each([
    ["the rest replies to nothing", () => fixture.telegram.say(alice, 7, "NOT deploy")],
    ["the rest replies too", (to: ShownMessage) => fixture.telegram.reply(alice, to, "NOT deploy")],
    ["the rest looks like a command", () => fixture.telegram.say(alice, 7, "/help NOT deploy")],
  ])("%s", async (_, sendRest) => {
    const { created, message } = await askOne();
    fixture.telegram.reply(alice, message, first);
    sendRest(message);
    const shown = await answer(created);
    expect(shown?.response).toMatch(/^\.+word .* DO (?:\/help )?NOT deploy$/);
    expect(shown).not.toHaveProperty("response_truncated");
    await expect.poll(() => message.text).toMatch(/^✅ Answered/);
    expect(fixture.telegram.messagesIn(7)).toHaveLength(1);
  });

  it("of three parts, cut inside words", async () => {
    const { created, message } = await askOne();
    const [one, two] = ["a".repeat(4_096), "b".repeat(4_096)];
    fixture.telegram.reply(alice, message, one);
    for (const text of [two, "end"]) fixture.telegram.say(alice, 7, text);
    expect(await answer(created)).toMatchObject({ response: `${one}${two}end` });
  });

  it("in a group, where another person writes in between", async () => {
    const { created, message } = await askOne(group);
    fixture.telegram.reply(alice, message, first);
    fixture.telegram.say(bob, group, "hm");
    fixture.telegram.reply(alice, message, "NOT deploy");
    expect(await answer(created)).toMatchObject({ response: `${first} NOT deploy` });
  });

  it("and so is a comment", async () => {
    await fixture.start();
    const created = await fixture.ask();
    fixture.telegram.reply(alice, await fixture.message(), first);
    fixture.telegram.say(alice, 7, "NOT deploy");
    const offer = await fixture.message(7, 1);
    fixture.telegram.press(alice, offer, "Deny, with your comment");
    expect(await answer(created)).toMatchObject({ comment: `${first} NOT deploy` });
  });

  it("although the process ends between the parts", async () => {
    const { created, message } = await askOne();
    fixture.telegram.reply(alice, message, first);
    fixture.telegram.say(alice, 7, "NOT deploy");
    await expect.poll(() => fixture.telegram.held).toEqual([]);
    await fixture.close();
    await fixture.open();
    await fixture.start();
    expect(await answer(created)).toMatchObject({ response: `${first} NOT deploy` });
  });
});

describe("an answer that may be cut says so:", () => {
  it.each([
    ["nothing follows", () => undefined],
    ["another person writes next", () => fixture.telegram.say(bob, 7, "NOT deploy")],
    ["the rest is a forward", () => fixture.telegram.say(alice, 7, "NOT deploy", { forward_origin: {} })],
    [
      "the next message comes later",
      () => fixture.telegram.say(alice, 7, "NOT deploy", { date: Math.floor(Date.now() / 1_000) + 10 }),
    ],
  ])("%s", async (_, then) => {
    const { created, message } = await askOne();
    fixture.telegram.reply(alice, message, first);
    then();
    expect(await answer(created)).toMatchObject({ response: first, response_truncated: true });
    await expect.poll(() => message.text).toContain("could not join");
  });

  it("not when it is shorter than a full message", async () => {
    const { created, message } = await askOne();
    fixture.telegram.reply(alice, message, "x".repeat(3_999));
    fixture.telegram.say(alice, 7, "and one more thing");
    const shown = await answer(created);
    expect(shown?.response).toHaveLength(3_999);
    expect(shown).not.toHaveProperty("response_truncated");
  });

  it("not when the next message answers another question", async () => {
    const { created, message } = await askOne();
    const other = await fixture.ask({ options: [] });
    fixture.telegram.reply(alice, message, first);
    fixture.telegram.reply(alice, await fixture.message(7, 1), "the other");
    expect(await answer(other)).toMatchObject({ response: "the other" });
    expect(await answer(created)).toMatchObject({ response: first, response_truncated: true });
  });
});

it("waits for no rest beyond the end of its question", async () => {
  await fixture.start();
  const created = await fixture.ask({ options: [], timeoutMs: 1_500 });
  fixture.telegram.reply(alice, await fixture.message(), first);
  expect(await answer(created)).toMatchObject({ status: "decided", response: first });
});
