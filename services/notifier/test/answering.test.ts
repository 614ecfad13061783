import { person } from "@loopgate/testing";
import { describe, expect, it } from "vitest";
import { callbackData } from "../src/channels/telegram/rendering/callback-data.ts";
import { NotifierSetting } from "./support/notifier.ts";

const [alice, bob, mallory] = [person(7), person(8, "Bob", "Stone"), person(666, "Mallory", "M")];
const group = -100500;
const here = NotifierSetting.use();

describe("a press", () => {
  it("decides, is told after the commit, and closes the copy with verdict and name, the question kept", async () => {
    await here.start();
    const created = await here.ask();
    const message = await here.message();
    expect(message.text).toContain("secret question");
    const query = here.telegram.press(alice, message, "Approve");
    expect(await here.told(query)).toBe("Recorded: Approve");
    expect(await here.decision(created)).toMatchObject({
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
    await here.start();
    await here.ask({
      chats: [
        [7, [7]],
        [8, [8]],
      ],
    });
    const [first, second] = [await here.message(7), await here.message(8)];
    here.telegram.press(bob, second, "Deny");
    for (const message of [first, second]) {
      await expect.poll(() => message.text).toMatch(/^❌ Denied/);
      expect(message.text).toContain("Bob Stone");
    }
  });

  it("made again by the same person is told as recorded; another option or person is told who decided", async () => {
    await here.start();
    const created = await here.ask({ chats: [[group, [7, 8]]] });
    const message = await here.message(group);
    const copyOfButtons = { ...message };
    await here.told(here.telegram.press(alice, message, "Approve"));
    expect(await here.told(here.telegram.press(alice, copyOfButtons, "Approve"))).toBe(
      "Already recorded: Approve",
    );
    expect(await here.told(here.telegram.press(alice, copyOfButtons, "Deny"))).toContain(
      "Already approved by Alice Weber",
    );
    expect(await here.told(here.telegram.press(bob, copyOfButtons, "Approve"))).toContain(
      "Already approved by Alice Weber",
    );
    expect(await here.decision(created)).toMatchObject({ answer: { value: "Approve" } });
  });

  it("by two people within a moment decides once, and both are told the truth", async () => {
    await here.start();
    const created = await here.ask({ chats: [[group, [7, 8]]] });
    const message = await here.message(group);
    const queries = [
      here.telegram.press(alice, message, "Approve"),
      here.telegram.press(bob, message, "Deny"),
    ];
    const told = await Promise.all(queries.map((query) => here.told(query)));
    const decided = await here.decided(created);
    expect(told.filter((text) => text.startsWith("Recorded"))).toHaveLength(1);
    expect(told.find((text) => !text.startsWith("Recorded"))).toContain(decided.by.name);
  });

  it.each([
    ["a stranger in the group", mallory],
    ["a bot", { ...bob, is_bot: true }],
  ])("by %s decides nothing, and they are told", async (_, who) => {
    await here.start();
    const created = await here.ask({ chats: [[group, [7]]] });
    const query = here.telegram.press(who, await here.message(group), "Approve");
    expect(await here.told(query)).toMatch(/may not answer|Only people/);
    expect(await here.decision(created)).toBeUndefined();
  });

  it("by somebody whom the operator took off the list since decides nothing", async () => {
    await here.start();
    const created = await here.ask({ chats: [[group, [7, 8]]] });
    const message = await here.message(group);
    here.policy = { ...here.policy, responders: ["7"] };
    expect(await here.told(here.telegram.press(bob, message, "Approve"))).toContain("may not answer");
    expect(await here.decision(created)).toBeUndefined();
  });

  it("with data that no button carries decides nothing", async () => {
    await here.start();
    const created = await here.ask();
    const other = await here.ask({ chats: [[9, [9]]] });
    const message = await here.message();
    const forged = [
      "",
      "x",
      "response:1:-1",
      "a".repeat(30),
      callbackData(created.event, 200),
      callbackData(other.event, 0),
    ];
    for (const data of forged) await here.told(here.telegram.press(alice, message, { data }));
    expect([await here.decision(created), await here.decision(other)]).toEqual([undefined, undefined]);
  });

  it("on a copy of an older question with the same id decides nothing", async () => {
    await here.start();
    const created = await here.ask();
    const earlier = {
      ...created.event,
      time: new Date(Date.parse(created.event.time) - 1_000).toISOString(),
    };
    const query = here.telegram.press(alice, await here.message(), { data: callbackData(earlier, 0) });
    expect(await here.told(query)).toContain("no open question");
    expect(await here.decision(created)).toBeUndefined();
  });

  it("after the end waits until the request has expired, and is told so", async () => {
    await here.start();
    const [created, message] = await here.askUntilItEnds();
    const query = here.telegram.press(alice, message, "Approve");
    expect(await here.told(query)).toContain("Expired");
    expect(await here.decision(created)).toMatchObject({ kind: "expired", by: { type: "timeout" } });
    await expect.poll(() => message.text).toMatch(/^⌛ Expired/);
  });

  it("on a cancelled question is told so", async () => {
    await here.start();
    const created = await here.ask();
    const message = { ...(await here.message()) };
    await here.cancel(created, "enough");
    expect(await here.told(here.telegram.press(alice, message, "Approve"))).toContain("Withdrawn");
    await expect.poll(() => here.telegram.messagesIn(7)[0]?.text).toContain("Withdrawn by deploy-bot");
    expect(here.telegram.messagesIn(7)[0]?.text).toContain("enough");
  });
});

describe("a typed reply", () => {
  it("answers a question without buttons; the first one counts", async () => {
    await here.start();
    const created = await here.ask({ options: [] });
    const message = await here.message();
    expect(message.forcesReply).toBe(true);
    here.telegram.reply(alice, message, "ship it");
    expect(await here.decided(created)).toMatchObject({
      answer: { type: "text", text: "ship it" },
      by: { id: "telegram:7" },
    });
    here.telegram.reply(alice, message, "no, wait");
    await expect.poll(() => message.text).toMatch(/^✅ Answered/);
    expect((await here.message(7, 1)).text).toContain("Already answered by Alice Weber");
    expect(await here.decision(created)).toMatchObject({ answer: { text: "ship it" } });
  });

  it("never answers a question with buttons", async () => {
    await here.start();
    const created = await here.ask();
    here.telegram.reply(alice, await here.message(), "Approve");
    expect((await here.message(7, 1)).text).toContain("buttons");
    expect(await here.decision(created)).toBeUndefined();
  });

  it.each([
    ["forwarded", { forward_origin: { type: "user" } }],
    ["sent through a bot", { via_bot: { id: 1 } }],
    ["sent for a channel or as an anonymous admin", { sender_chat: { id: group } }],
  ])("that is %s is no answer", async (_, extra) => {
    await here.start();
    const created = await here.ask({ options: [], chats: [[group, [7]]] });
    here.telegram.reply(alice, await here.message(group), "yes", extra);
    expect((await here.message(group, 1)).text).toContain("no answer");
    expect(await here.decision(created)).toBeUndefined();
  });

  it("by a stranger is no answer, and neither is text that replies to nothing", async () => {
    await here.start();
    const created = await here.ask({ options: [], chats: [[group, [7]]] });
    const message = await here.message(group);
    here.telegram.say(alice, group, "yes");
    here.telegram.reply(mallory, message, "yes");
    expect((await here.message(group, 1)).text).toContain("may not answer");
    expect(await here.decision(created)).toBeUndefined();
  });

  it("to a message of the bot that shows no question is told which message to answer", async () => {
    await here.start();
    await here.ask({ options: [] });
    await here.message();
    here.telegram.say(alice, 7, "hello");
    const hint = await here.message(7, 1);
    here.telegram.reply(alice, hint, "yes");
    expect((await here.message(7, 2)).text).toContain("message with the question itself");
  });
});
