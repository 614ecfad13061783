import { person, type ShownMessage } from "@loopgate/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { type NotifierFixture, openFixture } from "./support/notifier.ts";

const [alice, mallory] = [person(7), person(666, "Mallory", "M")];
let fixture: NotifierFixture;
beforeEach(async () => {
  fixture = await openFixture();
});

describe.each([
  ["a forum", -1_000_000_004_500],
  ["a private chat with topics", 7],
])("in a topic of %s", (_, chat) => {
  const inTopic = { message_thread_id: 45, is_topic_message: true };
  const asked = async (options?: readonly string[]) => {
    fixture.telegram.chats.setTopic(chat, 45);
    await fixture.start();
    await fixture.ask({ chats: [[chat, [7], 45]], ...(options === undefined ? {} : { options }) });
    return fixture.message(chat);
  };

  it.each([
    [
      "an answer that is refused",
      (to: ShownMessage) => fixture.telegram.reply(mallory, to, "yes", inTopic),
      [],
    ],
    [
      "a comment",
      (to: ShownMessage) => fixture.telegram.reply(alice, to, "not on Friday", inTopic),
      undefined,
    ],
    ["a command", () => fixture.telegram.say(alice, chat, "/help", inTopic), undefined],
    [
      "a reply without words",
      (to: ShownMessage) => fixture.telegram.reply(alice, to, "", { ...inTopic, text: undefined, photo: [] }),
      undefined,
    ],
  ])("the bot's reply to %s stays there", async (_, act, options) => {
    const question = await asked(options);
    expect(question.thread).toBe(45);
    act(question);
    expect((await fixture.message(chat, 1)).thread).toBe(45);
  });

  it("outside of topics the bot names none, although a chain of replies is a thread, too", async () => {
    await asked();
    fixture.telegram.say(alice, chat, "/help", { message_thread_id: 9 });
    expect((await fixture.message(chat, 1)).thread).toBeUndefined();
  });
});
