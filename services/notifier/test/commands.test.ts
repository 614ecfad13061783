import { person } from "@loopgate/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { type NotifierFixture, openFixture } from "./support/notifier.ts";
import { bot } from "./support/secrets.ts";

const [alice, bob, mallory] = [person(7), person(8, "Bob", "Stone"), person(666, "Mallory", "M")];
const [group, supergroup] = [-4500, -1_000_000_004_500];
let fixture: NotifierFixture;
beforeEach(async () => {
  fixture = await openFixture();
});
const lastIn = async (chat: number, n: number) => (await fixture.message(chat, n)).text;
const listed = async (count: number) =>
  expect
    .poll(async () => {
      const page = await fixture.queries.list({ tenant: "default", limit: 100 });
      return page.kind === "page" ? page.requests.length : 0;
    })
    .toBe(count);
beforeEach(() => {
  fixture.policy = { bot, defaultChat: "7", responders: ["7"], allowedChats: [String(group)] };
});

it("offers its commands in Telegram's menu; without that menu they work all the same", async () => {
  await fixture.start();
  const names = () => fixture.telegram.commands.map(({ command }) => command);
  await expect.poll(names).toEqual(["pending", "status", "help", "start"]);
  await fixture.close();
  fixture.telegram.fail("setMyCommands", { kind: "html" });
  await fixture.open();
  await fixture.start();
  fixture.telegram.say(alice, 7, "/help");
  expect(await lastIn(7, 0)).toContain("press a button");
});

describe("/start", () => {
  it("tells any person the id of the chat, in a group also their own, and nothing else", async () => {
    await fixture.start();
    await fixture.ask({ chats: [[group, [7]]] });
    await fixture.message(group);
    fixture.telegram.say(mallory, 666, "/start");
    expect(await lastIn(666, 0)).toMatch(/^The id of this chat is 666\. Once Loopgate is told/);
    fixture.telegram.say(mallory, group, "/start@gate_bot");
    expect(await lastIn(group, 1)).toMatch(/^The id of this chat is -4500\. Your own id is 666\. Once/);
  });
});

describe("/pending", () => {
  it("lists the open questions of this chat that its sender may answer, oldest first", async () => {
    await fixture.start();
    await fixture.ask({ message: "the first question, @carol_x", options: ["Approve", "Deny"] });
    await fixture.ask({ message: "the second question", options: [], keyId: "ci" });
    const withdrawn = await fixture.ask({ message: "a withdrawn question" });
    await fixture.message(7, 2);
    await fixture.cancel(withdrawn);
    await fixture.ask({ message: "of another chat", chats: [[8, [8]]] });
    await listed(3);
    fixture.telegram.say(alice, 7, "/pending");
    const text = await lastIn(7, 3);
    expect(text).toMatch(
      /^2 questions wait for you here:\n\n🔐 Approval · #[0-9A-F]{4}\ndeploy-bot: the first question, @\u2060carol_x\n⏳ Expires .* UTC\n\n✏️ Your words · #[0-9A-F]{4}\ndeploy-bot · key ci: the second/,
    );
    expect(text).not.toMatch(/withdrawn|another chat/);
    const [title] = fixture.telegram.messagesIn(7)[0]!.text.split("\n");
    expect(text).toContain(title);
  });

  it("shows ten, and counts the rest", async () => {
    await fixture.start();
    for (let n = 0; n < 13; n++)
      await fixture.ask({ message: `${n}. ${"x".repeat(400)}`, chats: [[group, [7]]] });
    await listed(13);
    await fixture.message(group, 12);
    fixture.telegram.say(alice, group, "/pending@gate_bot");
    const text = await lastIn(group, 13);
    expect(text).toMatch(/^13 questions wait for you here:/);
    expect(text.match(/deploy-bot: /g)).toHaveLength(10);
    expect(text).toMatch(/… and 3 more\.$/);
  });

  it("tells who may not answer nothing, in a group and in a chat of their own", async () => {
    await fixture.start();
    await fixture.ask({ chats: [[group, [7]]] });
    await listed(1);
    await fixture.message(group);
    for (const command of ["/pending", "/status"]) fixture.telegram.say(mallory, group, command);
    fixture.telegram.say(mallory, 666, "/pending");
    fixture.telegram.say({ ...alice, id: 1_087_968_824, is_bot: true }, group, "/pending");
    const texts = [
      await lastIn(group, 1),
      await lastIn(group, 2),
      await lastIn(group, 3),
      await lastIn(666, 0),
    ];
    expect(new Set(texts)).toEqual(
      new Set(["Nothing here is for you to see. /start tells the id of this chat."]),
    );
  });

  it("shows a person nothing in a chat that is not allowed any more", async () => {
    await fixture.start();
    await fixture.ask({ chats: [[8, [8]]] });
    await listed(1);
    await fixture.message(8);
    fixture.telegram.say(bob, 8, "/pending");
    expect(await lastIn(8, 1)).toContain("Nothing here is for you");
  });

  it("in a chat that is not allowed looks up no open questions, like /start there", async () => {
    await fixture.start();
    for (const command of ["/pending", "/status", "/start"]) fixture.telegram.say(mallory, 666, command);
    await lastIn(666, 2);
    fixture.telegram.say(alice, 7, "/pending");
    await lastIn(7, 0);
    expect(fixture.lists).toBe(1);
  });

  it("knows the questions of a group that has moved", async () => {
    await fixture.start();
    await fixture.ask({ message: "asked before", chats: [[group, [7]]] });
    await listed(1);
    await fixture.message(group);
    fixture.telegram.migrate(group, supergroup);
    await fixture.message(supergroup);
    fixture.telegram.say(alice, supergroup, "/pending");
    expect(await lastIn(supergroup, 1)).toMatch(/^1 question waits for you here:[^]*asked before/);
  });

  it("says so when nothing is open, and when no answer is available", async () => {
    await fixture.start();
    fixture.telegram.say(alice, 7, "/pending");
    expect(await lastIn(7, 0)).toBe("No question waits for you here.");
    fixture.faults.queries = true;
    fixture.telegram.say(alice, 7, "/pending");
    expect(await lastIn(7, 1)).toContain("can't look up");
    const created = await fixture.ask();
    fixture.telegram.press(alice, await fixture.message(7, 2), "Approve");
    expect(await fixture.decided(created)).toMatchObject({ kind: "answered" });
  });
});

describe("/status", () => {
  it("tells who may answer how much is open", async () => {
    await fixture.start();
    await fixture.ask();
    await listed(1);
    await fixture.message();
    fixture.telegram.say(alice, 7, "/status");
    expect(await lastIn(7, 1)).toBe(
      "Loopgate works, and you may answer in this chat. 1 question waits for you here.",
    );
  });
});

describe("a command", () => {
  it("for another bot is none of our business", async () => {
    await fixture.start();
    fixture.telegram.say(alice, 7, "/pending@other_bot");
    fixture.telegram.say(alice, group, "/pending@other_bot");
    fixture.telegram.say(alice, group, "/help");
    expect(await lastIn(group, 0)).toContain("AI agents ask people");
    expect(fixture.telegram.messagesIn(group)).toHaveLength(1);
  });

  it("that is being answered when the process stops is answered", async () => {
    const { promise: looked, resolve } = Promise.withResolvers<void>();
    const { queries } = fixture;
    fixture.queries = { ...queries, list: (query) => looked.then(() => queries.list(query)) };
    const notifier = await fixture.start();
    const lease = async () => (await fixture.bus.keyValue.bucket("leases")).get(`telegram_${bot}`);
    await expect.poll(lease).toBeDefined();
    fixture.telegram.say(alice, 7, "/pending");
    await expect.poll(() => fixture.lists).toBe(1);
    const stopping = notifier[Symbol.asyncDispose]();
    await expect.poll(lease).toBeUndefined();
    resolve();
    await stopping;
    expect(await lastIn(7, 0)).toContain("No question waits");
  });

  it("replied to a question that wants words is no answer to it, unless it says more", async () => {
    await fixture.start();
    const created = await fixture.ask({ options: [] });
    const message = await fixture.message();
    fixture.telegram.reply(alice, message, "/status");
    expect(await lastIn(7, 1)).toContain("Loopgate works");
    expect(await fixture.decision(created)).toBeUndefined();
    fixture.telegram.reply(alice, message, "/status is the path");
    expect(await fixture.decided(created)).toMatchObject({ answer: { text: "/status is the path" } });
  });
});
