import { deadLetterSubject } from "@loopgate/contracts";
import { copiesOf, failedEndpointsOf } from "@loopgate/domain";
import { person, Refused } from "@loopgate/testing";
import { describe, expect, it } from "vitest";
import { bot, NotifierSetting } from "./support/notifier.ts";

const [alice, mallory] = [person(7), person(666, "Mallory", "M")];
const [group, supergroup] = [-4500, -1_000_000_004_500];
const here = NotifierSetting.use();
const inGroup = { chats: [[group, [7]]] } as const;
const endpointsOf = async (created: Parameters<typeof here.set>[0]) =>
  copiesOf(await here.set(created)).map(({ endpoint }) => endpoint);

describe("a group that became a supergroup", () => {
  it("is asked under its new id, and its answers count for the question that was asked under the old one", async () => {
    await here.start();
    here.telegram.migrate(group, supergroup);
    const created = await here.ask(inGroup);
    const message = await here.message(supergroup);
    expect(await here.told(here.telegram.press(mallory, message, "Approve"))).toContain("may not answer");
    expect(await here.told(here.telegram.press(alice, message, "Approve"))).toBe("Recorded: Approve");
    await expect.poll(() => message.text).toMatch(/^✅ Approved/);
    expect(await endpointsOf(created)).toEqual([`telegram_${bot}_${supergroup}`]);
    expect(here.telegram.messagesIn(group)).toEqual([]);
    expect([...failedEndpointsOf(await here.set(created))]).toEqual([]);
  });

  it("is known as that to the next process, also to one that was told by a refusal alone", async () => {
    here.telegram.migrate(group, supergroup);
    for (const { update_id } of here.telegram.held) expect(update_id).toBeGreaterThan(0);
    here.telegram.clockOffsetMs = 25 * 3_600_000;
    expect(here.telegram.held).toEqual([]);
    await here.start();
    await here.ask(inGroup);
    const first = await here.message(supergroup);
    await here.close();
    here.telegram.clockOffsetMs = 0;
    here.telegram.press(alice, first, "Approve");
    await here.open();
    await here.start();
    await expect.poll(() => first.text).toMatch(/^✅ Approved/);
    const calls = here.telegram.calls.length;
    await here.ask(inGroup);
    await here.message(supergroup, 1);
    const sent = here.telegram.calls.slice(calls).filter(({ method }) => method === "sendMessage");
    expect(sent.map(({ payload }) => payload["chat_id"])).toEqual([String(supergroup)]);
  });

  it("gets again what was open: the old messages are lost to it", async () => {
    await here.start();
    const [open, decided] = [await here.ask(inGroup), await here.ask(inGroup)];
    await here.message(group, 1);
    await here.cancel(decided);
    await expect.poll(() => here.telegram.messagesIn(group)[1]?.text).toMatch(/^🚫/);
    here.telegram.migrate(group, supergroup);
    const again = await here.message(supergroup);
    here.telegram.press(alice, again, "Deny");
    expect(await here.decided(open)).toMatchObject({ answer: { value: "Deny" }, by: { id: "telegram:7" } });
    await expect.poll(() => again.text).toMatch(/^❌ Denied/);
    expect(here.telegram.messagesIn(supergroup)).toHaveLength(1);
  });

  it.each([
    ["the refusal of a question", () => here.ask({ ...inGroup, message: "the next one" })],
    ["the refusal of an edit", (other: Awaited<ReturnType<typeof here.ask>>) => here.cancel(other)],
  ])("gets again what was open, once, also where %s alone tells of it", async (_, meet) => {
    await here.start();
    const open = await here.ask({ ...inGroup, message: "the open one" });
    const other = await here.ask({ ...inGroup, message: "the other one" });
    await here.message(group, 1);
    const gone = "Bad Request: group chat was upgraded to a supergroup chat";
    here.telegram.chats.refusing.set(`${group}`, new Refused(400, gone, { migrate_to_chat_id: supergroup }));
    await meet(other);
    const shown = (text: string) =>
      here.telegram.messagesIn(supergroup).filter((message) => message.text.includes(text));
    await expect.poll(() => shown("the open one")).toHaveLength(1);
    const { lists } = here;
    here.telegram.migrate(group, supergroup);
    await expect.poll(() => here.lists).toBeGreaterThan(lists);
    await here.ask({ ...inGroup, message: "the last one" });
    await expect.poll(() => shown("the last one")).toHaveLength(1);
    expect(shown("the open one")).toHaveLength(1);
    here.telegram.press(alice, shown("the open one")[0]!, "Deny");
    expect(await here.decided(open)).toMatchObject({ answer: { value: "Deny" } });
    expect(await here.bus.log.last(deadLetterSubject(`notifier-inbound-${bot}`))).toBeUndefined();
  });

  it("has its own count of messages: those of the old one stay apart", async () => {
    await here.start();
    const old = await here.ask({ ...inGroup, options: [], message: "the old one" });
    const first = await here.message(group);
    await here.cancel(old);
    here.telegram.migrate(group, supergroup);
    const created = await here.ask({ ...inGroup, options: [], message: "the new one" });
    const message = await here.message(supergroup);
    expect([first.id, message.id]).toEqual([1, 2]);
    const twin = { ...message, id: 1 };
    here.telegram.reply(alice, twin, "to nothing of ours");
    expect((await here.message(supergroup, 1)).text).toContain("to the newest");
    here.telegram.reply(alice, message, "yes");
    expect(await here.decided(created)).toMatchObject({ answer: { text: "yes" } });
  });

  it.each([
    ["its old id", [String(group)], true],
    ["its new id", [String(supergroup)], true],
    ["neither of its ids", ["9"], false],
  ])("may answer while the operator allows %s", async (_, allowedChats, isAllowed) => {
    await here.start();
    here.telegram.migrate(group, supergroup);
    const created = await here.ask(inGroup);
    const message = await here.message(supergroup);
    here.policy = { ...here.policy, allowedChats };
    const told = await here.told(here.telegram.press(alice, message, "Approve"));
    expect(told).toContain(isAllowed ? "Recorded" : "may not answer");
    expect((await here.decision(created)) !== undefined).toBe(isAllowed);
  });

  it("is not spoken for by what people quote or write", async () => {
    await here.start();
    const move = { migrate_to_chat_id: -1_000_000_000_666 };
    const created = await here.ask(inGroup);
    const message = await here.message(group);
    here.telegram.reply(mallory, message, "look", {
      external_reply: move,
      quote: move,
      reply_to_message: { ...move, message_id: 1 },
    });
    here.telegram.press(alice, message, "Approve");
    expect(await here.decided(created)).toMatchObject({ kind: "answered" });
    const channels = await here.bus.keyValue.bucket("channels");
    expect(await channels.get(`telegram_${bot}_${group}`)).toBeUndefined();
  });
});

it("a question that is on its way when its person presses Start comes once", async () => {
  here.telegram.fail("sendMessage", { kind: "slow", ms: 500 });
  await here.start();
  const created = await here.ask();
  await expect.poll(() => here.telegram.calls.some(({ method }) => method === "sendMessage")).toBe(true);
  here.telegram.say(alice, 7, "/start");
  const asked = () => here.telegram.messagesIn(7).filter(({ buttons }) => buttons.length > 0);
  await expect.poll(asked).toHaveLength(1);
  await here.ask({ message: "the next one" });
  await expect.poll(() => asked().at(-1)?.text).toContain("the next one");
  expect(asked()).toHaveLength(2);
  here.telegram.press(alice, asked()[0]!, "Deny");
  expect(await here.decided(created)).toMatchObject({ kind: "answered" });
});

describe("a press in another chat", () => {
  it("decides nothing, also with data of a question that is open elsewhere", async () => {
    await here.start();
    const created = await here.ask(inGroup);
    const message = await here.message(group);
    const elsewhere = { ...message, chat: String(supergroup) };
    expect(await here.told(here.telegram.press(alice, elsewhere, "Approve"))).toContain(
      "not asked in this chat",
    );
    expect(await here.decision(created)).toBeUndefined();
    expect(message.edits).toBe(0);
  });
});

describe("a chat that comes back", () => {
  it.each([
    ["a person who unblocks the bot", 7, () => here.telegram.letIn(7)],
    ["a group that takes the bot back", group, () => here.telegram.letIn(group)],
    [
      "a person who presses Start",
      7,
      () => {
        here.telegram.chats.refusing.delete("7");
        here.telegram.say(alice, 7, "/start");
      },
    ],
  ])("gets what it missed, and nothing twice: %s", async (_, chat, comeBack) => {
    await here.start();
    const ask = (message: string) => here.ask({ chats: [[chat, [7]]], message });
    await ask("had it");
    await here.message(chat);
    here.telegram.shutOut(chat);
    const [missed, withdrawn] = [await ask("missed it"), await ask("withdrawn")];
    for (const asked of [missed, withdrawn])
      await expect.poll(async () => failedEndpointsOf(await here.set(asked)).size).toBe(1);
    await here.cancel(withdrawn);
    comeBack();
    const shown = (text: string) => here.telegram.messagesIn(chat).filter((one) => one.text.includes(text));
    await expect.poll(() => shown("missed it")).toHaveLength(1);
    await ask("the last one");
    await expect.poll(() => shown("the last one")).toHaveLength(1);
    expect(["had it", "missed it", "withdrawn"].map((text) => shown(text).length)).toEqual([1, 1, 0]);
    here.telegram.press(alice, shown("missed it")[0]!, "Approve");
    expect(await here.decided(missed)).toMatchObject({ kind: "answered" });
  });
});
