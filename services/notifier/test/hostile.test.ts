import { person } from "@loopgate/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { callbackData } from "../src/channels/telegram/rendering/callback-data.ts";
import { type NotifierFixture, openFixture } from "./support/notifier.ts";

const [alice, mallory] = [person(7), person(666, "Mallory", "M")];
const group = -1_000_000_004_500;
const channel = { id: -1_000_000_000_999, type: "channel", title: "News" };
const anonymousAdmin = {
  id: 1_087_968_824,
  is_bot: true,
  first_name: "Group",
  username: "GroupAnonymousBot",
};
let fixture: NotifierFixture;
beforeEach(async () => {
  fixture = await openFixture();
});

/** The question is open as if nothing had happened, and a person who may answer it does. */
async function expectUntouched(created: Parameters<typeof fixture.set>[0], chat = group): Promise<void> {
  expect(await fixture.decision(created)).toBeUndefined();
  const message = await fixture.message(chat);
  expect(message.edits).toBe(0);
  expect(await fixture.told(fixture.telegram.press(alice, message, "Approve"))).toBe("Recorded: Approve");
  expect(await fixture.decided(created)).toMatchObject({ by: { id: "telegram:7" } });
}

describe("a press that decides nothing, and is told so", () => {
  const askOne = async () => {
    await fixture.start();
    const created = await fixture.ask({ chats: [[group, [7]]] });
    const message = await fixture.message(group);
    return { created, message, data: message.buttons.flat()[0]?.callback_data ?? "" };
  };

  it.each([
    ["a stranger", mallory, "may not answer"],
    ["a bot", { ...alice, is_bot: true }, "Only people"],
    ["an anonymous admin's account", anonymousAdmin, "Only people"],
    ["Telegram's own account", person(777_000), "Only people"],
  ])("by %s", async (_, who, words) => {
    const { created, message } = await askOne();
    expect(await fixture.told(fixture.telegram.press(who, message, "Approve"))).toMatch(words);
    await expectUntouched(created);
  });

  it.each([
    ["the tag of another question", (data: string) => `${data.slice(0, 24)}AAAAAA`, "no open question"],
    ["data of an unknown question", () => "a" + "A".repeat(29), "no open question"],
    ["data of nobody's making", () => "yes", "not one of mine"],
    ["data of the original Loopgate", () => "response:abc:1", "not one of mine"],
    ["the longest data", () => "a".repeat(64), "not one of mine"],
  ])("with %s", async (_, forge, words) => {
    const { created, message, data } = await askOne();
    const query = fixture.telegram.press(alice, message, { data: forge(data) });
    expect(await fixture.told(query)).toMatch(new RegExp(words));
    await expectUntouched(created);
  });

  it("with an option that the question does not have", async () => {
    const { created, message } = await askOne();
    for (const option of [2, 255]) {
      const query = fixture.telegram.press(alice, message, { data: callbackData(created.event, option) });
      expect(await fixture.told(query)).toContain("does not exist");
    }
    await expectUntouched(created);
  });

  it.each([
    ["a private chat", { id: 7, type: "private", first_name: "Alice" }],
    ["another group", { id: -99, type: "group", title: "Other" }],
    ["a channel", channel],
  ])("in another chat: %s", async (_, chat) => {
    const { created, data } = await askOne();
    const query = fixture.telegram.pressRaw({ from: alice, data, message: { message_id: 1, date: 0, chat } });
    expect(await fixture.told(query)).toContain("not asked in this chat");
    await expectUntouched(created);
  });

  it.each([
    ["of a message sent inline", { inline_message_id: "x" }],
    ["of a game", { inline_message_id: "x", game_short_name: "x", data: undefined }],
  ])("on a button %s", async (_, extra) => {
    const { created, data } = await askOne();
    const query = fixture.telegram.pressRaw({ from: alice, data, ...extra });
    expect(await fixture.told(query)).toContain("not one of mine");
    await expectUntouched(created);
  });

  it("on an old keyboard, after the decision, by any person", async () => {
    const { created, message } = await askOne();
    const old = { ...message };
    await fixture.told(fixture.telegram.press(alice, message, "Deny"));
    expect(await fixture.told(fixture.telegram.press(mallory, old, "Approve"))).toContain("may not answer");
    expect(await fixture.told(fixture.telegram.press(alice, old, "Approve"))).toContain(
      "Already denied by Alice Weber",
    );
    expect(await fixture.decided(created)).toMatchObject({ answer: { value: "Deny" } });
  });
});

describe("a press that counts", () => {
  it("also works on a message that Telegram no longer shows, and on an unrecorded copy", async () => {
    await fixture.start();
    const [first, second] = [await fixture.ask(), await fixture.ask()];
    for (const [created, message_id] of [[first, 1] as const, [second, 4_711] as const]) {
      const data = callbackData(created.event, 1);
      await fixture.message(7, 1);
      const message = { message_id, date: 0, chat: { id: 7, type: "private" } };
      expect(await fixture.told(fixture.telegram.pressRaw({ from: alice, data, message }))).toBe(
        "Recorded: Deny",
      );
      expect(await fixture.decided(created)).toMatchObject({ answer: { value: "Deny" } });
    }
  });
});

describe("a message that decides nothing", () => {
  const askOne = async () => {
    await fixture.start();
    const created = await fixture.ask({ options: [], chats: [[group, [7]]] });
    const message = await fixture.message(group);
    const reply = {
      from: alice,
      date: 1,
      chat: { id: group, type: "supergroup" },
      text: "yes",
      message_id: 90,
    };
    return {
      created,
      message,
      reply: { ...reply, reply_to_message: fixture.telegram.chats.asMessage(message) },
    };
  };
  const expectOpen = async (created: Parameters<typeof fixture.set>[0]) => {
    fixture.telegram.reply(alice, await fixture.message(group), "the answer");
    expect(await fixture.decided(created)).toMatchObject({ answer: { text: "the answer" } });
  };

  it.each(["edited_message", "channel_post", "edited_channel_post", "business_message", "message_reaction"])(
    "is one that came as %s, and nobody is told",
    async (kind) => {
      const { created, reply } = await askOne();
      fixture.telegram.push({ [kind]: reply } as never);
      await expectOpen(created);
      expect(fixture.telegram.messagesIn(group)).toHaveLength(1);
    },
  );

  it("is an edit of the text that counted", async () => {
    const { created, message, reply } = await askOne();
    fixture.telegram.reply(alice, message, "the first");
    await fixture.decided(created);
    fixture.telegram.push({ edited_message: { ...reply, text: "the second" } } as never);
    const next = await fixture.ask({ chats: [[8, [8]]] });
    fixture.telegram.press(person(8), await fixture.message(8), "Approve");
    await fixture.decided(next);
    expect(await fixture.decision(created)).toMatchObject({ answer: { text: "the first" } });
  });

  it.each([
    [
      "an anonymous admin",
      { from: anonymousAdmin, sender_chat: { id: group, type: "supergroup" } },
      "as yourself",
    ],
    [
      "a channel",
      { from: { id: 136_817_688, is_bot: true, first_name: "Channel" }, sender_chat: channel },
      "as yourself",
    ],
    [
      "a channel's automatic copy",
      { from: person(777_000), sender_chat: channel, is_automatic_forward: true },
      "as yourself",
    ],
    ["a forward", { forward_origin: { type: "user", date: 1, sender_user: alice } }, "as yourself"],
    ["an inline bot", { via_bot: { id: 5, is_bot: true, first_name: "Gif" } }, "as yourself"],
    ["a picture", { text: undefined, photo: [] }, "with text"],
    ["a stranger", { from: mallory }, "may not answer|Only the people"],
    ["a blank", { text: " \n" }, "empty"],
  ])("is one by or of %s, and its sender is told", async (_, extra, words) => {
    const { created, reply } = await askOne();
    fixture.telegram.push({ message: { ...reply, ...extra } } as never);
    expect((await fixture.message(group, 1)).text).toMatch(new RegExp(words));
    await expectOpen(created);
  });

  it.each([
    ["of another bot", { from: { id: 5, is_bot: true, first_name: "Bot" } }],
    [
      "that replies to another bot",
      { reply_to_message: { message_id: 1, from: { id: 5, is_bot: true, first_name: "Bot" } } },
    ],
    [
      "that replies to a message in another chat",
      { reply_to_message: undefined, external_reply: { message_id: 1 } },
    ],
    ["of nobody", { from: undefined }],
  ])("is one %s, and nobody is told", async (_, extra) => {
    const { created, reply } = await askOne();
    fixture.telegram.push({ message: { ...reply, ...extra } } as never);
    await expectOpen(created);
    expect(fixture.telegram.messagesIn(group)).toHaveLength(1);
  });
});
