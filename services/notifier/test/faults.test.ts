import { copiesOf, failedEndpointsOf } from "@loopgate/domain";
import { person, Refused, tooManyRequests } from "@loopgate/testing";
import { describe, expect, it } from "vitest";
import { bot, NotifierSetting, token } from "./support/notifier.ts";

const alice = person(7);
const here = NotifierSetting.use();
const sends = () => here.telegram.calls.filter(({ method }) => method === "sendMessage").length;

describe("sending", () => {
  it("obeys 429 and sends once the time is over", async () => {
    here.telegram.fail("sendMessage", tooManyRequests(1));
    await here.start();
    const asked = Date.now();
    await here.ask();
    await here.message();
    expect(Date.now() - asked).toBeGreaterThanOrEqual(1_000);
    expect(sends()).toBe(2);
  });

  it("that is throttled in one chat holds up no other", async () => {
    here.telegram.fail("sendMessage", tooManyRequests(30));
    await here.start();
    await here.ask({ chats: [[7, [7]]] });
    await expect.poll(sends).toBe(1);
    await here.ask({ chats: [[8, [8]]] });
    await here.message(8);
    expect(here.telegram.messagesIn(7)).toHaveLength(0);
  });

  it("of a question to two chats does not wait in one for the other", async () => {
    here.telegram.fail("sendMessage", tooManyRequests(30));
    here.telegram.fail("sendMessage", { kind: "html" });
    await here.start();
    await here.ask({
      chats: [
        [7, [7]],
        [8, [8]],
      ],
    });
    await expect.poll(() => here.telegram.messagesIn(7).length + here.telegram.messagesIn(8).length).toBe(1);
  });

  it("of very many questions to one chat holds up no other", async () => {
    await here.start();
    const many = 300;
    for (let n = 0; n < many; n++) await here.ask();
    await here.message(7, 9);
    await here.ask({ chats: [[8, [8]]] });
    await here.message(8);
    expect(here.telegram.messagesIn(7).length).toBeLessThan(many);
  });

  it("is cut off when Telegram hangs, and repeated", async () => {
    here.telegram.fail("sendMessage", { kind: "hang" });
    await here.start();
    await here.ask();
    await here.message();
    expect(sends()).toBe(2);
  });

  it("that the log does not take is recorded later, and never sent again", async () => {
    let refused = 0;
    here.refusesAppend = (subject) => subject.includes(".delivered.") && refused++ < 2;
    await here.start();
    const created = await here.ask();
    const message = await here.message();
    await expect.poll(async () => copiesOf(await here.set(created)).length).toBe(1);
    expect([sends(), refused]).toEqual([1, 3]);
    await here.cancel(created);
    await expect.poll(() => message.text).toMatch(/^🚫 Cancelled/);
  });

  it("that the log does not take is recorded also if the question is decided meanwhile: no copy stays open", async () => {
    let isDown = true;
    here.refusesAppend = (subject) => isDown && subject.includes(".delivered.");
    await here.start();
    const created = await here.ask();
    const message = await here.message();
    await here.cancel(created);
    isDown = false;
    await expect.poll(() => message.text).toMatch(/^🚫 Cancelled/);
    expect(sends()).toBe(1);
  });

  it("that was put off often is not given up at its first failure", async () => {
    here.telegram.fail("sendMessage", tooManyRequests(0), 1_000);
    let broke = 0;
    here.refusesAppend = (subject) => {
      if (subject.includes(".undelivered.") && broke++ === 0) throw new TypeError("ours");
      return false;
    };
    await here.start();
    const created = await here.ask();
    await expect.poll(sends).toBeGreaterThanOrEqual(5);
    await here.cancel(created);
    await expect.poll(async () => [...failedEndpointsOf(await here.set(created))]).toHaveLength(1);
    expect(Object.values(await here.set(created)).map(({ event }) => event.data)).toContainEqual(
      expect.objectContaining({ reason: "cancelled_before_sending" }),
    );
  });

  it("to a chat waits until the message before is recorded: a fault leaves one unrecorded, not two", async () => {
    const { promise: recorded, resolve } = Promise.withResolvers<boolean>();
    here.refusesAppend = (subject) => (subject.includes(".delivered.") ? recorded : false);
    await here.start();
    for (let n = 0; n < 3; n++) await here.ask();
    await here.message(7);
    await here.ask({ chats: [[8, [8]]] });
    await here.message(8);
    expect(here.telegram.messagesIn(7)).toHaveLength(1);
    resolve(false);
    await here.message(7, 2);
  });

  it.each([
    ["an HTML 502", { kind: "html" }],
    ["a 500", { kind: "refuse", code: 500, description: "Internal Server Error" }],
    ["a reset before it was done", { kind: "reset_before" }],
  ] as const)("is repeated after %s", async (_, fault) => {
    here.telegram.fail("sendMessage", fault);
    await here.start();
    await here.ask();
    await here.message();
    expect(here.telegram.messagesIn(7)).toHaveLength(1);
  });

  it("whose answer is lost leaves a twin: either decides, once, and both are closed", async () => {
    here.telegram.fail("sendMessage", { kind: "reset_after" });
    await here.start();
    const created = await here.ask();
    const [lost, recorded] = [await here.message(7, 0), await here.message(7, 1)];
    expect(await here.told(here.telegram.press(alice, lost, "Approve"))).toBe("Recorded: Approve");
    for (const message of [lost, recorded]) await expect.poll(() => message.text).toMatch(/^✅ Approved/);
    expect(copiesOf(await here.set(created))).toHaveLength(2);
    expect(here.telegram.messagesIn(7)).toHaveLength(2);
  });

  it("whose answer is lost: a typed reply to the twin that nobody recorded is told which message to answer", async () => {
    here.telegram.fail("sendMessage", { kind: "reset_after" });
    await here.start();
    const created = await here.ask({ options: [] });
    const [lost, recorded] = [await here.message(7, 0), await here.message(7, 1)];
    here.telegram.reply(alice, lost, "yes");
    expect((await here.message(7, 2)).text).toContain("message with the question itself");
    here.telegram.reply(alice, recorded, "yes");
    expect(await here.decided(created)).toMatchObject({ answer: { text: "yes" } });
  });

  it.each([
    ["blocked", new Refused(403, "Forbidden: bot was blocked by the user")],
    ["chat_not_found", new Refused(400, "Bad Request: chat not found")],
    ["removed_from_chat", new Refused(403, "Forbidden: bot was kicked from the supergroup chat")],
    ["rejected", new Refused(400, "Bad Request: something new")],
  ])("that can never work is undelivered: %s", async (reason, refusal) => {
    here.telegram.chats.refusing.set("7", refusal);
    await here.start();
    const created = await here.ask({
      chats: [
        [7, [7]],
        [8, [8]],
      ],
    });
    await here.message(8);
    await expect
      .poll(async () => [...failedEndpointsOf(await here.set(created))])
      .toEqual([`telegram_${bot}_7`]);
    expect(Object.values(await here.set(created)).map(({ event }) => event.data)).toContainEqual(
      expect.objectContaining({ reason }),
    );
  });

  it("of a question that is decided, or over, does not happen", async () => {
    const decided = await here.ask();
    await here.cancel(decided);
    await here.ask({ timeoutMs: -1 });
    await here.start();
    await here.ask({ chats: [[8, [8]]] });
    await here.message(8);
    expect(here.telegram.messagesIn(7)).toHaveLength(0);
  });
});

describe("a stop", () => {
  it("does not wait for what the rates hold back; the next start sends it, and nothing twice", async () => {
    await here.start();
    for (let n = 0; n < 60; n++) await here.ask({ message: `question ${n}.` });
    await here.message(7, 5);
    await here.close();
    const sent = here.telegram.messagesIn(7).length;
    await here.open();
    await here.start();
    await here.message(7, sent + 5);
    const asked = here.telegram.messagesIn(7).map(({ text }) => /question \d+\./.exec(text)?.[0]);
    expect(new Set(asked).size).toBe(asked.length);
  });

  it("reaches all consumers at once, whatever one of their handlers waits for", async () => {
    const { promise: answer, resolve } = Promise.withResolvers<boolean>();
    here.refusesAppend = (subject) => (subject.includes(".delivered.") ? answer : false);
    const notifier = await here.start();
    await here.ask();
    await here.message();
    const stopping = notifier[Symbol.asyncDispose]();
    const names = ["closer", "inbound", "outbound", "returns"].map((name) => `notifier-${name}-${bot}`);
    await expect.poll(() => [...here.stopped].sort()).toEqual(names);
    resolve(false);
    await stopping;
  });
});

describe("closing", () => {
  it("is repeated until Telegram takes it", async () => {
    here.telegram.fail("editMessageText", tooManyRequests(1));
    here.telegram.fail("editMessageText", { kind: "html" });
    await here.start();
    const created = await here.ask();
    const message = await here.message();
    await here.cancel(created);
    await expect.poll(() => message.text).toMatch(/^🚫 Cancelled/);
  });

  it("happens also for what was decided while nobody ran", async () => {
    await here.start();
    const created = await here.ask();
    const message = await here.message();
    await here.close();
    await here.open();
    await here.cancel(created);
    await here.start();
    await expect.poll(() => message.text).toMatch(/^🚫 Cancelled/);
  });
});

describe("receiving", () => {
  it("takes what was pressed while nobody ran, also if it had been fetched but not confirmed", async () => {
    await here.start();
    const created = await here.ask();
    const message = await here.message();
    await here.close();
    const query = here.telegram.press(alice, message, "Approve");
    await here.open();
    await here.start();
    expect(await here.told(query)).toBe("Recorded: Approve");
    expect(await here.decision(created)).toMatchObject({ kind: "answered" });
    await expect.poll(() => here.telegram.held).toEqual([]);
  });

  it("goes on after a conflict, a rate limit and a broken answer, and says so", async () => {
    const description = "Conflict: terminated by other getUpdates request";
    here.telegram.fail("getUpdates", { kind: "refuse", code: 409, description }, 1_000);
    const notifier = await here.start();
    await expect
      .poll(() =>
        notifier.check().then(
          () => "",
          (error: Error) => error.message,
        ),
      )
      .toContain("another process polls");
    here.telegram.faults.clear();
    here.telegram.fail("getUpdates", tooManyRequests(1));
    here.telegram.fail("getUpdates", { kind: "html" });
    const created = await here.ask();
    here.telegram.press(alice, await here.message(), "Deny");
    expect(await here.decided(created)).toMatchObject({ answer: { value: "Deny" } });
    await notifier.check();
  });
});

describe("a start", () => {
  it("that Telegram refuses names the setting and not the token", async () => {
    here.telegram.fail("getMe", { kind: "refuse", code: 401, description: "Unauthorized" });
    const failure = await here.start().catch((error: Error) => error.message);
    expect(failure).toContain("TELEGRAM_BOT_TOKEN");
    expect(failure).not.toContain(token);
  });

  it("waits for a Telegram that does not answer yet", async () => {
    here.telegram.fail("getMe", { kind: "html" });
    expect((await here.start()).bot).toEqual({ id: bot, username: "gate_bot" });
  });

  it("of a bot that is known needs no Telegram: what was asked waits, and health says why", async () => {
    await here.start();
    await here.close();
    for (const method of ["getMe", "getUpdates", "sendMessage"])
      here.telegram.fail(method, { kind: "html" }, 1_000);
    await here.open();
    const notifier = await here.start();
    expect(notifier.bot).toEqual({ id: bot, username: "gate_bot" });
    await expect.poll(() => notifier.check().then(() => "", String)).toContain("no usable answer");
    const created = await here.ask();
    here.telegram.faults.clear();
    here.telegram.press(alice, await here.message(), "Approve");
    expect(await here.decided(created)).toMatchObject({ answer: { value: "Approve" } });
    await notifier.check();
  });

  it("of a bot that is known is stopped as well by a Telegram that refuses it", async () => {
    await here.start();
    await here.close();
    here.telegram.fail("getMe", { kind: "refuse", code: 401, description: "Unauthorized" });
    await here.open();
    await expect(here.start()).rejects.toThrow("TELEGRAM_BOT_TOKEN");
  });
});
