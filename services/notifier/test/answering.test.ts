import { person } from "@loopgate/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { callbackData } from "../src/channels/telegram/rendering/callback-data.ts";
import { type NotifierFixture, openFixture } from "./support/notifier.ts";

const [alice, bob, mallory] = [person(7), person(8, "Bob", "Stone"), person(666, "Mallory", "M")];
const group = -100500;
let fixture: NotifierFixture;
beforeEach(async () => {
  fixture = await openFixture();
});

describe("a press", () => {
  it("decides, is told after the commit, and closes the copy with verdict and name, the question kept", async () => {
    await fixture.start();
    const created = await fixture.ask();
    const message = await fixture.message();
    expect(message.text).toContain("secret question");
    const query = fixture.telegram.press(alice, message, "Approve");
    expect(await fixture.told(query)).toBe("Recorded: Approve");
    expect(await fixture.decision(created)).toMatchObject({
      kind: "answered",
      answer: { type: "option", value: "Approve", effect: "approve" },
      by: { type: "human", id: "telegram:7", name: "Alice Weber", channel: "telegram" },
    });
    await expect.poll(() => message.buttons).toEqual([]);
    expect(message.text).toMatch(/^✅ Approved · #/);
    expect(message.text).toContain("secret question");
    expect(message.text).toContain("Alice Weber");
  });

  it("closes every copy of the question, in every chat", async () => {
    await fixture.start();
    await fixture.ask({
      chats: [
        [7, [7]],
        [8, [8]],
      ],
    });
    const [first, second] = [await fixture.message(7), await fixture.message(8)];
    fixture.telegram.press(bob, second, "Deny");
    for (const message of [first, second]) {
      await expect.poll(() => message.text).toMatch(/^❌ Denied/);
      expect(message.text).toContain("Bob Stone");
    }
  });

  it("made again by the same person is told as recorded; another option or person is told who decided", async () => {
    await fixture.start();
    const created = await fixture.ask({ chats: [[group, [7, 8]]] });
    const message = await fixture.message(group);
    const copyOfButtons = { ...message };
    await fixture.told(fixture.telegram.press(alice, message, "Approve"));
    expect(await fixture.told(fixture.telegram.press(alice, copyOfButtons, "Approve"))).toBe(
      "Already recorded: Approve",
    );
    expect(await fixture.told(fixture.telegram.press(alice, copyOfButtons, "Deny"))).toContain(
      "Already approved by Alice Weber",
    );
    expect(await fixture.told(fixture.telegram.press(bob, copyOfButtons, "Approve"))).toContain(
      "Already approved by Alice Weber",
    );
    expect(await fixture.decision(created)).toMatchObject({ answer: { value: "Approve" } });
  });

  it("by two people within a moment decides once, and both are told the truth", async () => {
    await fixture.start();
    const created = await fixture.ask({ chats: [[group, [7, 8]]] });
    const message = await fixture.message(group);
    const queries = [
      fixture.telegram.press(alice, message, "Approve"),
      fixture.telegram.press(bob, message, "Deny"),
    ];
    const told = await Promise.all(queries.map((query) => fixture.told(query)));
    const decided = await fixture.decided(created);
    expect(told.filter((text) => text.startsWith("Recorded"))).toHaveLength(1);
    expect(told.find((text) => !text.startsWith("Recorded"))).toContain(decided.by.name);
  });

  it.each([
    ["a stranger in the group", mallory],
    ["a bot", { ...bob, is_bot: true }],
  ])("by %s decides nothing, and they are told", async (_, who) => {
    await fixture.start();
    const created = await fixture.ask({ chats: [[group, [7]]] });
    const query = fixture.telegram.press(who, await fixture.message(group), "Approve");
    expect(await fixture.told(query)).toMatch(/may not answer|Only people/);
    expect(await fixture.decision(created)).toBeUndefined();
  });

  it("by a person whom the operator has removed from the list since decides nothing", async () => {
    await fixture.start();
    const created = await fixture.ask({ chats: [[group, [7, 8]]] });
    const message = await fixture.message(group);
    fixture.policy = { ...fixture.policy, responders: ["7"] };
    expect(await fixture.told(fixture.telegram.press(bob, message, "Approve"))).toContain("may not answer");
    expect(await fixture.decision(created)).toBeUndefined();
  });

  it("with data that no button carries decides nothing", async () => {
    await fixture.start();
    const created = await fixture.ask();
    const other = await fixture.ask({ chats: [[9, [9]]] });
    const message = await fixture.message();
    const forged = [
      "",
      "x",
      "response:1:-1",
      "a".repeat(30),
      callbackData(created.event, 200),
      callbackData(other.event, 0),
    ];
    for (const data of forged) await fixture.told(fixture.telegram.press(alice, message, { data }));
    expect([await fixture.decision(created), await fixture.decision(other)]).toEqual([undefined, undefined]);
  });

  it("on a copy of an older question with the same id decides nothing", async () => {
    await fixture.start();
    const created = await fixture.ask();
    const earlier = {
      ...created.event,
      time: new Date(Date.parse(created.event.time) - 1_000).toISOString(),
    };
    const query = fixture.telegram.press(alice, await fixture.message(), { data: callbackData(earlier, 0) });
    expect(await fixture.told(query)).toContain("no open question");
    expect(await fixture.decision(created)).toBeUndefined();
  });

  it("after the end waits until the request has expired, and is told so", async () => {
    await fixture.start();
    const [created, message] = await fixture.askUntilItEnds();
    const query = fixture.telegram.press(alice, message, "Approve");
    expect(await fixture.told(query)).toContain("Expired");
    expect(await fixture.decision(created)).toMatchObject({ kind: "expired", by: { type: "timeout" } });
    await expect.poll(() => message.text).toMatch(/^⌛ Expired/);
  });

  it("on a cancelled question is told so", async () => {
    await fixture.start();
    const created = await fixture.ask();
    const message = { ...(await fixture.message()) };
    await fixture.cancel(created, "enough");
    expect(await fixture.told(fixture.telegram.press(alice, message, "Approve"))).toContain("Withdrawn");
    await expect.poll(() => fixture.telegram.messagesIn(7)[0]?.text).toContain("Withdrawn by deploy-bot");
    expect(fixture.telegram.messagesIn(7)[0]?.text).toContain("enough");
  });
});

describe("a typed reply", () => {
  it("answers a question without buttons; the first one counts", async () => {
    await fixture.start();
    const created = await fixture.ask({ options: [] });
    const message = await fixture.message();
    expect(message.forcesReply).toBe(true);
    fixture.telegram.reply(alice, message, "ship it");
    expect(await fixture.decided(created)).toMatchObject({
      answer: { type: "text", text: "ship it" },
      by: { id: "telegram:7" },
    });
    fixture.telegram.reply(alice, message, "no, wait");
    await expect.poll(() => message.text).toMatch(/^✅ Answered/);
    expect((await fixture.message(7, 1)).text).toContain("Already answered by Alice Weber");
    expect(await fixture.decision(created)).toMatchObject({ answer: { text: "ship it" } });
  });

  it("never answers a question with buttons", async () => {
    await fixture.start();
    const created = await fixture.ask();
    fixture.telegram.reply(alice, await fixture.message(), "Approve");
    expect((await fixture.message(7, 1)).text).toContain("buttons");
    expect(await fixture.decision(created)).toBeUndefined();
  });

  it.each([
    ["forwarded", { forward_origin: { type: "user" } }],
    ["sent through a bot", { via_bot: { id: 1 } }],
    ["sent for a channel or as an anonymous admin", { sender_chat: { id: group } }],
  ])("that is %s is no answer", async (_, extra) => {
    await fixture.start();
    const created = await fixture.ask({ options: [], chats: [[group, [7]]] });
    fixture.telegram.reply(alice, await fixture.message(group), "yes", extra);
    expect((await fixture.message(group, 1)).text).toContain("no answer");
    expect(await fixture.decision(created)).toBeUndefined();
  });

  it("by a stranger is no answer, and neither is text that replies to nothing", async () => {
    await fixture.start();
    const created = await fixture.ask({ options: [], chats: [[group, [7]]] });
    const message = await fixture.message(group);
    fixture.telegram.say(alice, group, "yes");
    fixture.telegram.reply(mallory, message, "yes");
    expect((await fixture.message(group, 1)).text).toContain("may not answer");
    expect(await fixture.decision(created)).toBeUndefined();
  });

  it("with a picture is answered by its caption, and makes a comment where there are buttons", async () => {
    await fixture.start();
    const words = await fixture.ask({ options: [] });
    const caption = { text: undefined, photo: [], caption: "as drawn here" };
    fixture.telegram.reply(alice, await fixture.message(), "", caption);
    expect(await fixture.decided(words)).toMatchObject({ answer: { type: "text", text: "as drawn here" } });
    const created = await fixture.ask();
    fixture.telegram.reply(alice, await fixture.message(7, 1), "", caption);
    const offer = await fixture.message(7, 2);
    expect(offer.text).toMatch(/^💬 as drawn here/);
    fixture.telegram.press(alice, offer, "Deny, with your comment");
    expect(await fixture.decided(created)).toMatchObject({ answer: { comment: "as drawn here" } });
  });

  it("to a message of the bot that shows no question is told which message to answer", async () => {
    await fixture.start();
    await fixture.ask({ options: [] });
    await fixture.message();
    fixture.telegram.say(alice, 7, "hello");
    const hint = await fixture.message(7, 1);
    fixture.telegram.reply(alice, hint, "yes");
    expect((await fixture.message(7, 2)).text).toContain("message with the question itself");
  });
});
