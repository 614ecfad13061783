import { tooManyRequests } from "@loopgate/testing";
import { beforeEach, describe, expect, it } from "vitest";
import type { AskOptions } from "./support/conversations.ts";
import { type NotifierFixture, openFixture } from "./support/notifier.ts";

let fixture: NotifierFixture;
beforeEach(async () => {
  fixture = await openFixture();
});

const group = -1_000_000_000_123;
const inTopic = (thread: number): AskOptions => ({ chats: [[group, [7], thread]] });

async function flood(asked: AskOptions = {}, count = 100): Promise<void> {
  for (let n = 0; n < count; n++) await fixture.ask({ message: `flood ${n}.`, ...asked });
}

const texts = (chat: number) => fixture.telegram.messagesIn(chat).map(({ text }) => text);
const positionOf = (text: string, chat: number) => texts(chat).findIndex((one) => one.includes(text));

/** How many messages a chat shows between the asking of this question and the question itself. */
async function messagesBefore(asked: AskOptions, chat = 7): Promise<number> {
  const before = texts(chat).length;
  await fixture.ask({ message: "urgent question", timeoutMs: 60_000, ...asked });
  await expect.poll(() => positionOf("urgent question", chat)).toBeGreaterThanOrEqual(0);
  return positionOf("urgent question", chat) - before;
}

describe("a client with a flood of questions delays by at most two messages", () => {
  it.each([
    ["a client of another name", {}, { client: "urgent-bot" }],
    ["a client of another API key with the same name", { keyId: "ci" }, { keyId: "ops" }],
    ["the same application in another project", { clientHash: "one" }, { clientHash: "two" }],
    ["a client in another session", { session: "deploys" }, { client: "urgent-bot", session: "urgent" }],
  ])("%s", async (_, flooding, urgent) => {
    await fixture.start();
    await flood(flooding);
    await fixture.message(7, 9);
    expect(await messagesBefore(urgent)).toBeLessThanOrEqual(2);
  });

  it("a question in another topic of the same group", async () => {
    for (const topic of [5, 6]) fixture.telegram.chats.setTopic(group, topic);
    await fixture.start();
    await flood(inTopic(5));
    await fixture.message(group, 9);
    expect(await messagesBefore({ client: "urgent-bot", ...inTopic(6) }, group)).toBeLessThanOrEqual(2);
  });

  it("a question that was asked while no notifier ran", async () => {
    await flood();
    await fixture.ask({ message: "urgent question", client: "urgent-bot" });
    await fixture.start();
    await expect.poll(() => positionOf("urgent question", 7)).toBeGreaterThanOrEqual(0);
    expect(texts(7).length).toBeLessThan(30);
  });

  it("a question to this chat and another one: there it comes at once", async () => {
    await fixture.start();
    await flood();
    await fixture.message(7, 9);
    const chats = [
      [7, [7]],
      [8, [8]],
    ] as const;
    expect(await messagesBefore({ client: "urgent-bot", chats })).toBeLessThanOrEqual(2);
    await expect.poll(() => texts(8).length).toBe(1);
  });

  it("a question behind a pause that Telegram asked for", async () => {
    await fixture.start();
    fixture.telegram.fail("sendMessage", tooManyRequests(1));
    await flood();
    await expect.poll(() => fixture.telegram.calls.length).toBeGreaterThan(0);
    expect(await messagesBefore({ client: "urgent-bot" })).toBeLessThanOrEqual(2);
  });
});

it("several clients with many questions are served in turns, each in the order of asking", async () => {
  const clients = ["a", "b", "c"];
  for (let n = 0; n < 60; n++) {
    const client = clients[Math.floor(n / 20)]!;
    await fixture.ask({ client, message: `of ${client}: ${n % 20}.` });
  }
  await fixture.start();
  await fixture.message(7, 11);
  const shown = texts(7)
    .slice(0, 12)
    .map((text) => /of (\w): (\d+)\./.exec(text)?.slice(1));
  for (const client of clients)
    expect(shown.filter((one) => one?.[0] === client).map((one) => Number(one?.[1]))).toEqual([0, 1, 2, 3]);
});
