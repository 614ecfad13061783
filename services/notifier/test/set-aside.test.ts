import { request } from "node:http";
import { once } from "node:events";
import { deadLetters } from "@loopgate/bus";
import { freePorts, person } from "@loopgate/testing";
import { smallLog } from "@loopgate/testing/faults";
import { beforeEach, describe, expect, it } from "vitest";
import { type NotifierFixture, openFixture } from "./support/notifier.ts";
import { bot, webhookSecret as secret } from "./support/secrets.ts";

const alice = person(7);
const MAX_BYTES = 16_384;
let fixture: NotifierFixture;
let port: number;
beforeEach(async () => {
  fixture = await openFixture();
  [port = 0] = await freePorts(1);
});

const webhook = () => ({ url: `http://127.0.0.1:${port}/hook`, secret, port });
const ways = {
  polled: () => fixture.start(),
  "by webhook": () => fixture.start("test", webhook()),
} as const;
const eachWay = Object.entries(ways);

const letters = async () =>
  (await Array.fromAsync(deadLetters(fixture.bus.log))).map(({ event }) => event.data);
const nested = (levels: number) => `${'{"a":'.repeat(levels)}"secret question"${"}".repeat(levels)}`;
const from = JSON.stringify(alice);
const chat = '{"id":7,"type":"private"}';

/** The members of updates that can never be stored, by their kinds. */
const hopeless = [
  ["message", `"message":{"message_id":5,"chat":${chat},"from":${from},"text":"hi","deep":${nested(5_000)}}`],
  ["message", `"message":${nested(9_000)}`],
  [
    "message",
    `"message":{"message_id":5,"chat":${chat},"from":${from},"text":"${"secret question".repeat(1_200)}"}`,
  ],
  ["callback_query", `"callback_query":{"id":"nested","from":${from},"data":"x","message":${nested(5_000)}}`],
  ["callback_query", `"callback_query":{"id":"large","from":${from},"data":"${"x".repeat(20_000)}"}`],
  ["my_chat_member", `"my_chat_member":${nested(7_000)}`],
  ["other", `"secret question":[${nested(7_000)}]`],
] as const;

describe.each(eachWay)("updates that can never be stored, %s,", (_, start) => {
  it("are set aside without what they say, and all that is behind them goes on", async () => {
    fixture.wrapLog = (log) => smallLog(log, MAX_BYTES);
    await start();
    const created = await fixture.ask();
    const message = await fixture.message();
    for (let n = 0; n < 15; n++) for (const [, members] of hopeless) fixture.telegram.push(members);
    const query = fixture.telegram.press(alice, message, "Approve");
    expect(await fixture.told(query)).toBe("Recorded: Approve");
    expect(await fixture.decided(created)).toMatchObject({ answer: { value: "Approve" } });
    await expect.poll(() => fixture.telegram.held).toEqual([]);
    const given = await letters();
    const times = Object.groupBy(given, ({ kind = "" }) => kind);
    for (const [kind] of hopeless)
      expect(times[kind]).toHaveLength(15 * hopeless.filter(([one]) => one === kind).length);
    for (const { consumer, size, error, event } of given) {
      expect([consumer, event.data]).toEqual([`intake-telegram-${bot}`, {}]);
      expect(size).toBeGreaterThan(16_000);
      expect(error).toMatch(/too deep|too large/);
    }
    expect(JSON.stringify(given)).not.toContain("secret question");
  });

  it("wait while the log takes no dead letter, and nothing is lost", async () => {
    let isDown = true;
    fixture.faults.append = (subject) => isDown && subject.includes(".dlq.");
    await start();
    const created = await fixture.ask();
    const message = await fixture.message();
    fixture.telegram.push(hopeless[0][1]);
    fixture.telegram.press(alice, message, "Deny");
    expect(await fixture.decided(created)).toMatchObject({ answer: { value: "Deny" } });
    expect(fixture.telegram.held.length).toBeGreaterThan(0);
    expect(await letters()).toEqual([]);
    isDown = false;
    await expect.poll(() => fixture.telegram.held).toEqual([]);
    expect(await letters()).toMatchObject([{ kind: "message" }]);
  });

  it("are told to the person who pressed: nothing was decided", async () => {
    fixture.wrapLog = (log) => smallLog(log, 2_500);
    await start();
    const created = await fixture.ask({ message: "a long question ".repeat(200) });
    const query = fixture.telegram.press(alice, await fixture.message(), "Approve");
    expect(await fixture.told(query)).toContain("if it does not change, nothing was decided");
    expect(await fixture.decision(created)).toBeUndefined();
    expect(await letters()).toMatchObject([
      { kind: "callback_query", size: expect.toSatisfy((size) => size > 2_500) },
    ]);
  });
});

describe("a webhook answers 200", () => {
  /** Sends a body in pieces, so that its length is not known before its end. */
  async function postInPieces(body: string): Promise<number> {
    const headers = { "x-telegram-bot-api-secret-token": secret, "content-type": "application/json" };
    const sending = request(`http://127.0.0.1:${port}/hook`, { method: "POST", headers });
    for (let at = 0; at < body.length; at += 65_536) sending.write(body.slice(at, at + 65_536));
    sending.end();
    const [response] = await once(sending, "response");
    return Number(response.statusCode);
  }

  const post = async (body: string): Promise<number> => {
    const headers = { "x-telegram-bot-api-secret-token": secret, "content-type": "application/json" };
    return (await fetch(`http://127.0.0.1:${port}/hook`, { method: "POST", headers, body })).status;
  };
  const large = `{"update_id":7,"message":{"text":"${"secret question".repeat(80_000)}"}}`;

  it.each([
    ["whose length is told", post, { kind: "unread", size: large.length }],
    ["that comes in pieces", postInPieces, { kind: "unread" }],
  ] as const)("to a body too large to be read, %s, and sets it aside", async (_, send, letter) => {
    await fixture.start("test", webhook());
    expect(await send(large)).toBe(200);
    expect(await letters()).toMatchObject([{ ...letter, error: "the update is too large to be read" }]);
    expect(JSON.stringify(await letters())).not.toContain("secret question");
    const created = await fixture.ask();
    fixture.telegram.press(alice, await fixture.message(), "Approve");
    expect(await fixture.decided(created)).toMatchObject({ kind: "answered" });
  });

  it.each([
    ["nested deep", `{"update_id":7,"message":${nested(20_000)}}`, "message"],
    ["no update, and too large for the log", `{"text":"${"secret question".repeat(2_000)}"}`, "unreadable"],
    ["no JSON, and too large for the log", "secret question".repeat(2_000), "unreadable"],
    ["a list that is nested deep", nested(4_000).replaceAll('{"a":', "[").replaceAll("}", "]"), "unreadable"],
  ])("to a body that is %s", async (_, body, kind) => {
    fixture.wrapLog = (log) => smallLog(log, MAX_BYTES);
    await fixture.start("test", webhook());
    for (let n = 0; n < 2; n++) expect(await post(body)).toBe(200);
    await expect.poll(letters).toHaveLength(1);
    expect((await letters())[0]?.kind ?? "unreadable").toBe(kind);
  });

  it("and not to what can be stored later: that is 503 with a reason", async () => {
    fixture.wrapLog = (log) => smallLog(log, MAX_BYTES);
    for (const broken of [
      () => true,
      () => {
        throw new TypeError("ours");
      },
    ]) {
      fixture.faults.append = (subject) => subject.includes(".channel.") && broken();
      const notifier = await fixture.start("test", webhook());
      const refused = await fetch(`http://127.0.0.1:${port}/hook`, {
        method: "POST",
        headers: { "x-telegram-bot-api-secret-token": secret },
        body: '{"update_id":1}',
      });
      expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "2"]);
      expect(await refused.json()).toEqual({
        error: { message: expect.stringContaining("deliver it again") },
      });
      await notifier[Symbol.asyncDispose]();
    }
    expect(await letters()).toEqual([]);
  });
});
