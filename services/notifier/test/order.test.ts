import { tooManyRequests } from "@loopgate/testing";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { Rates } from "../src/channels/telegram/api/rates.ts";
import { TokenBucket } from "../src/channels/telegram/api/token-bucket.ts";
import { type NotifierFixture, openFixture } from "./support/notifier.ts";

let fixture: NotifierFixture;

beforeEach(async () => {
  fixture = await openFixture();
});
const sends = () => fixture.telegram.calls.filter(({ method }) => method === "sendMessage").length;
const unavailable = { kind: "html" } as const;

/** As for private chats, only forty times as fast after the burst. */
beforeEach(() => {
  const chats = new Map<string, ReturnType<Rates["of"]>>();
  const bucket = () => new TokenBucket({ burst: 10, perSecond: 40 });
  vi.spyOn(Rates.prototype, "of").mockImplementation((chat) => {
    const rates = chats.get(chat) ?? { sends: bucket(), edits: bucket() };
    chats.set(chat, rates);
    return rates;
  });
  return () => vi.restoreAllMocks();
});

/** Asks `count` questions, one after the other. */
async function ask(count: number, chats: readonly number[] = [7]): Promise<void> {
  const places = chats.map((chat) => [chat, [chat]] as const);
  for (let n = 0; n < count; n++) await fixture.ask({ message: `number ${n}.`, chats: places });
}

/** The numbers of the questions that a chat shows, once there are `count`. */
async function shown(count: number, chat = 7): Promise<readonly number[]> {
  await expect.poll(() => fixture.telegram.messagesIn(chat).length, { timeout: 15_000 }).toBe(count);
  return fixture.telegram.messagesIn(chat).map(({ text }) => Number(/number (\d+)\./.exec(text)?.[1]));
}

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n);

describe("the questions of a chat are shown in the order of asking", () => {
  it("also if there are far more than may be sent at once", async () => {
    await fixture.start();
    await ask(60);
    expect(await shown(60)).toEqual(upTo(60));
  });

  it("also if they had all been asked before a start", async () => {
    await ask(60);
    await fixture.start();
    expect(await shown(60)).toEqual(upTo(60));
  });

  it("in each of the chats of a question", async () => {
    await fixture.start();
    fixture.telegram.fail("sendMessage", unavailable);
    await ask(20, [7, 8]);
    expect([await shown(20, 7), await shown(20, 8)]).toEqual([upTo(20), upTo(20)]);
  });

  it.each([
    ["429", tooManyRequests(1)],
    ["502", unavailable],
  ])("also if Telegram answers the third one with %s", async (_, fault) => {
    await fixture.start();
    await ask(2);
    await shown(2);
    fixture.telegram.fail("sendMessage", fault);
    for (let n = 2; n < 8; n++) await fixture.ask({ message: `number ${n}.` });
    expect(await shown(8)).toEqual(upTo(8));
  });
});

describe("a question holds up those behind it", () => {
  it("in no chat that has it, whatever the other one does", async () => {
    const { promise: recorded, resolve } = Promise.withResolvers<boolean>();
    using held = new DisposableStack();
    held.defer(() => resolve(false));
    let copies = 0;
    fixture.faults.append = (subject) =>
      subject.includes(".delivered.") && ++copies === 2 ? recorded : false;
    await fixture.start();
    fixture.telegram.fail("sendMessage", unavailable);
    await ask(1, [7, 8]);
    await expect.poll(() => copies).toBe(2);
    await ask(2, [7, 8]);
    const lengths = () => [7, 8].map((chat) => fixture.telegram.messagesIn(chat).length);
    await expect.poll(lengths).toContain(3);
    expect(lengths()).toContain(1);
    held.dispose();
    await expect.poll(lengths).toEqual([3, 3]);
  });
});

describe("after Telegram was out of order, the questions of a client come in the order of asking", () => {
  it.each([
    ["an HTML 502", unavailable],
    ["a 500", { kind: "refuse", code: 500, description: "Internal Server Error" }],
    ["a reset", { kind: "reset_before" }],
    ["a server that does not answer", { kind: "hang" }],
  ] as const)("%s", async (_, fault) => {
    await fixture.start();
    fixture.telegram.fail("sendMessage", tooManyRequests(0), 5);
    fixture.telegram.fail("sendMessage", fault, 2);
    await fixture.ask({ message: "number 0." });
    await expect.poll(sends).toBe(6);
    for (let n = 1; n < 4; n++) await fixture.ask({ message: `number ${n}.` });
    expect(await shown(4)).toEqual(upTo(4));
  });

  it("and those of another client do not wait for them", async () => {
    await fixture.start();
    fixture.telegram.fail("sendMessage", tooManyRequests(0), 5);
    fixture.telegram.fail("sendMessage", unavailable);
    for (let n = 0; n < 3; n++) await fixture.ask({ message: `number ${n}.` });
    await expect.poll(sends).toBe(6);
    await fixture.ask({ client: "urgent-bot", message: "number 9." });
    expect(await shown(4)).toEqual([9, 0, 1, 2]);
  });
});
