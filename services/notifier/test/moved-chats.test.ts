import { deadLetterSubject } from "@loopgate/contracts";
import { copiesOf, failedEndpointsOf } from "@loopgate/domain";
import { person, Refused } from "@loopgate/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { type NotifierFixture, openFixture } from "./support/notifier.ts";
import { bot } from "./support/secrets.ts";

const [alice, mallory] = [person(7), person(666, "Mallory", "M")];
const [group, supergroup] = [-4500, -1_000_000_004_500];
let fixture: NotifierFixture;
beforeEach(async () => {
  fixture = await openFixture();
});
const inGroup = { chats: [[group, [7]]] } as const;
const endpointsOf = async (created: Parameters<typeof fixture.set>[0]) =>
  copiesOf(await fixture.set(created)).map(({ endpoint }) => endpoint);

describe("a group that became a supergroup", () => {
  it("is asked under its new id, and its answers count for the question that was asked under the old one", async () => {
    await fixture.start();
    fixture.telegram.migrate(group, supergroup);
    const created = await fixture.ask(inGroup);
    const message = await fixture.message(supergroup);
    expect(await fixture.told(fixture.telegram.press(mallory, message, "Approve"))).toContain(
      "may not answer",
    );
    expect(await fixture.told(fixture.telegram.press(alice, message, "Approve"))).toBe("Recorded: Approve");
    await expect.poll(() => message.text).toMatch(/^✅ Approved/);
    expect(await endpointsOf(created)).toEqual([`telegram_${bot}_${supergroup}`]);
    expect(fixture.telegram.messagesIn(group)).toEqual([]);
    expect([...failedEndpointsOf(await fixture.set(created))]).toEqual([]);
  });

  it("is known as that to the next process, also to one that was told by a refusal alone", async () => {
    fixture.telegram.migrate(group, supergroup);
    for (const { update_id } of fixture.telegram.held) expect(update_id).toBeGreaterThan(0);
    fixture.telegram.clockOffsetMs = 25 * 3_600_000;
    expect(fixture.telegram.held).toEqual([]);
    await fixture.start();
    await fixture.ask(inGroup);
    const first = await fixture.message(supergroup);
    await fixture.close();
    fixture.telegram.clockOffsetMs = 0;
    fixture.telegram.press(alice, first, "Approve");
    await fixture.open();
    await fixture.start();
    await expect.poll(() => first.text).toMatch(/^✅ Approved/);
    const calls = fixture.telegram.calls.length;
    await fixture.ask(inGroup);
    await fixture.message(supergroup, 1);
    const sent = fixture.telegram.calls.slice(calls).filter(({ method }) => method === "sendMessage");
    expect(sent.map(({ payload }) => payload["chat_id"])).toEqual([String(supergroup)]);
  });

  it("gets again what was open: the old messages are lost to it", async () => {
    await fixture.start();
    const [open, decided] = [await fixture.ask(inGroup), await fixture.ask(inGroup)];
    await fixture.message(group, 1);
    await fixture.cancel(decided);
    await expect.poll(() => fixture.telegram.messagesIn(group)[1]?.text).toMatch(/^🚫/);
    fixture.telegram.migrate(group, supergroup);
    const again = await fixture.message(supergroup);
    fixture.telegram.press(alice, again, "Deny");
    expect(await fixture.decided(open)).toMatchObject({
      answer: { value: "Deny" },
      by: { id: "telegram:7" },
    });
    await expect.poll(() => again.text).toMatch(/^❌ Denied/);
    expect(fixture.telegram.messagesIn(supergroup)).toHaveLength(1);
  });

  it.each([
    ["the refusal of a question", () => fixture.ask({ ...inGroup, message: "the next one" })],
    ["the refusal of an edit", (other: Awaited<ReturnType<typeof fixture.ask>>) => fixture.cancel(other)],
  ])("gets again what was open, once, also where %s alone tells of it", async (_, meet) => {
    await fixture.start();
    const open = await fixture.ask({ ...inGroup, message: "the open one" });
    const other = await fixture.ask({ ...inGroup, message: "the other one" });
    await fixture.message(group, 1);
    const gone = "Bad Request: group chat was upgraded to a supergroup chat";
    fixture.telegram.chats.refusing.set(
      `${group}`,
      new Refused(400, gone, { migrate_to_chat_id: supergroup }),
    );
    await meet(other);
    const shown = (text: string) =>
      fixture.telegram.messagesIn(supergroup).filter((message) => message.text.includes(text));
    await expect.poll(() => shown("the open one")).toHaveLength(1);
    const { lists } = fixture;
    fixture.telegram.migrate(group, supergroup);
    await expect.poll(() => fixture.lists).toBeGreaterThan(lists);
    await fixture.ask({ ...inGroup, message: "the last one" });
    await expect.poll(() => shown("the last one")).toHaveLength(1);
    expect(shown("the open one")).toHaveLength(1);
    fixture.telegram.press(alice, shown("the open one")[0]!, "Deny");
    expect(await fixture.decided(open)).toMatchObject({ answer: { value: "Deny" } });
    expect(await fixture.bus.log.last(deadLetterSubject(`notifier-inbound-${bot}`))).toBeUndefined();
  });

  it("has its own count of messages: those of the old one stay apart", async () => {
    await fixture.start();
    const old = await fixture.ask({ ...inGroup, options: [], message: "the old one" });
    const first = await fixture.message(group);
    await fixture.cancel(old);
    fixture.telegram.migrate(group, supergroup);
    const created = await fixture.ask({ ...inGroup, options: [], message: "the new one" });
    const message = await fixture.message(supergroup);
    expect([first.id, message.id]).toEqual([1, 2]);
    const twin = { ...message, id: 1 };
    fixture.telegram.reply(alice, twin, "to nothing of ours");
    expect((await fixture.message(supergroup, 1)).text).toContain("to the newest");
    fixture.telegram.reply(alice, message, "yes");
    expect(await fixture.decided(created)).toMatchObject({ answer: { text: "yes" } });
  });

  it.each([
    ["its old id", [String(group)], true],
    ["its new id", [String(supergroup)], true],
    ["neither of its ids", ["9"], false],
  ])("may answer while the operator allows %s", async (_, allowedChats, isAllowed) => {
    await fixture.start();
    fixture.telegram.migrate(group, supergroup);
    const created = await fixture.ask(inGroup);
    const message = await fixture.message(supergroup);
    fixture.policy = { ...fixture.policy, allowedChats };
    const told = await fixture.told(fixture.telegram.press(alice, message, "Approve"));
    expect(told).toContain(isAllowed ? "Recorded" : "may not answer");
    expect((await fixture.decision(created)) !== undefined).toBe(isAllowed);
  });

  it("is not spoken for by what people quote or write", async () => {
    await fixture.start();
    const move = { migrate_to_chat_id: -1_000_000_000_666 };
    const created = await fixture.ask(inGroup);
    const message = await fixture.message(group);
    fixture.telegram.reply(mallory, message, "look", {
      external_reply: move,
      quote: move,
      reply_to_message: { ...move, message_id: 1 },
    });
    fixture.telegram.press(alice, message, "Approve");
    expect(await fixture.decided(created)).toMatchObject({ kind: "answered" });
    const channels = await fixture.bus.keyValue.bucket("channels");
    expect(await channels.get(`telegram_${bot}_${group}`)).toBeUndefined();
  });
});

it("a question that is on its way when its person presses Start comes once", async () => {
  fixture.telegram.fail("sendMessage", { kind: "slow", ms: 500 });
  await fixture.start();
  const created = await fixture.ask();
  await expect.poll(() => fixture.telegram.calls.some(({ method }) => method === "sendMessage")).toBe(true);
  fixture.telegram.say(alice, 7, "/start");
  const withButtons = () => fixture.telegram.messagesIn(7).filter(({ buttons }) => buttons.length > 0);
  await expect.poll(withButtons).toHaveLength(1);
  await fixture.ask({ message: "the next one" });
  await expect.poll(() => withButtons().at(-1)?.text).toContain("the next one");
  expect(withButtons()).toHaveLength(2);
  fixture.telegram.press(alice, withButtons()[0]!, "Deny");
  expect(await fixture.decided(created)).toMatchObject({ kind: "answered" });
});

describe("a press in another chat", () => {
  it("decides nothing, also with data of a question that is open elsewhere", async () => {
    await fixture.start();
    const created = await fixture.ask(inGroup);
    const message = await fixture.message(group);
    const elsewhere = { ...message, chat: String(supergroup) };
    expect(await fixture.told(fixture.telegram.press(alice, elsewhere, "Approve"))).toContain(
      "not asked in this chat",
    );
    expect(await fixture.decision(created)).toBeUndefined();
    expect(message.edits).toBe(0);
  });
});

describe("a chat that comes back", () => {
  it.each([
    ["a person who unblocks the bot", 7, () => fixture.telegram.letIn(7)],
    ["a group that takes the bot back", group, () => fixture.telegram.letIn(group)],
    [
      "a person who presses Start",
      7,
      () => {
        fixture.telegram.chats.refusing.delete("7");
        fixture.telegram.say(alice, 7, "/start");
      },
    ],
  ])("gets what it missed, and nothing twice: %s", async (_, chat, comeBack) => {
    await fixture.start();
    const ask = (message: string) => fixture.ask({ chats: [[chat, [7]]], message });
    await ask("had it");
    await fixture.message(chat);
    fixture.telegram.shutOut(chat);
    const [missed, withdrawn] = [await ask("missed it"), await ask("withdrawn")];
    for (const asked of [missed, withdrawn])
      await expect.poll(async () => failedEndpointsOf(await fixture.set(asked)).size).toBe(1);
    await fixture.cancel(withdrawn);
    comeBack();
    const shown = (text: string) =>
      fixture.telegram.messagesIn(chat).filter((one) => one.text.includes(text));
    await expect.poll(() => shown("missed it")).toHaveLength(1);
    await ask("the last one");
    await expect.poll(() => shown("the last one")).toHaveLength(1);
    expect(["had it", "missed it", "withdrawn"].map((text) => shown(text).length)).toEqual([1, 1, 0]);
    fixture.telegram.press(alice, shown("missed it")[0]!, "Approve");
    expect(await fixture.decided(missed)).toMatchObject({ kind: "answered" });
  });
});
