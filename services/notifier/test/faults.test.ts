import type { EventLog } from "@loopgate/bus";
import { copiesOf, failedEndpointsOf } from "@loopgate/domain";
import { person, Refused, tooManyRequests } from "@loopgate/testing";
import { replacedLog } from "@loopgate/testing/faults";
import { beforeEach, describe, expect, it } from "vitest";
import { type NotifierFixture, openFixture } from "./support/notifier.ts";
import { bot, token } from "./support/secrets.ts";

const alice = person(7);
let fixture: NotifierFixture;
beforeEach(async () => {
  fixture = await openFixture();
});
const sends = () => fixture.telegram.calls.filter(({ method }) => method === "sendMessage").length;

describe("sending", () => {
  it("obeys 429 and sends once the time is over", async () => {
    fixture.telegram.fail("sendMessage", tooManyRequests(1));
    await fixture.start();
    const asked = Date.now();
    await fixture.ask();
    await fixture.message();
    expect(Date.now() - asked).toBeGreaterThanOrEqual(1_000);
    expect(sends()).toBe(2);
  });

  it("that is throttled in one chat holds up no other", async () => {
    fixture.telegram.fail("sendMessage", tooManyRequests(30));
    await fixture.start();
    await fixture.ask({ chats: [[7, [7]]] });
    await expect.poll(sends).toBe(1);
    await fixture.ask({ chats: [[8, [8]]] });
    await fixture.message(8);
    expect(fixture.telegram.messagesIn(7)).toHaveLength(0);
  });

  it("of a question to two chats does not wait in one for the other", async () => {
    fixture.telegram.fail("sendMessage", tooManyRequests(30));
    fixture.telegram.fail("sendMessage", { kind: "html" });
    await fixture.start();
    await fixture.ask({
      chats: [
        [7, [7]],
        [8, [8]],
      ],
    });
    await expect
      .poll(() => fixture.telegram.messagesIn(7).length + fixture.telegram.messagesIn(8).length)
      .toBe(1);
  });

  it("of very many questions to one chat holds up no other", async () => {
    await fixture.start();
    const many = 300;
    for (let n = 0; n < many; n++) await fixture.ask();
    await fixture.message(7, 9);
    await fixture.ask({ chats: [[8, [8]]] });
    await fixture.message(8);
    expect(fixture.telegram.messagesIn(7).length).toBeLessThan(many);
  });

  it("is cut off when Telegram hangs, and repeated", async () => {
    fixture.telegram.fail("sendMessage", { kind: "hang" });
    await fixture.start();
    await fixture.ask();
    await fixture.message();
    expect(sends()).toBe(2);
  });

  it("that the log does not take is recorded later, and never sent again", async () => {
    let refused = 0;
    fixture.faults.append = (subject) => subject.includes(".delivered.") && refused++ < 2;
    await fixture.start();
    const created = await fixture.ask();
    const message = await fixture.message();
    await expect.poll(async () => copiesOf(await fixture.set(created)).length).toBe(1);
    expect([sends(), refused]).toEqual([1, 3]);
    await fixture.cancel(created);
    await expect.poll(() => message.text).toMatch(/^🚫 Cancelled/);
  });

  it("that the log does not take is recorded also if the question is decided meanwhile: no copy stays open", async () => {
    let isDown = true;
    fixture.faults.append = (subject) => isDown && subject.includes(".delivered.");
    await fixture.start();
    const created = await fixture.ask();
    const message = await fixture.message();
    await fixture.cancel(created);
    isDown = false;
    await expect.poll(() => message.text).toMatch(/^🚫 Cancelled/);
    expect(sends()).toBe(1);
  });

  it("that was put off often is not given up at its first failure", async () => {
    fixture.telegram.fail("sendMessage", tooManyRequests(0), 1_000);
    let broke = 0;
    fixture.faults.append = (subject) => {
      if (subject.includes(".undelivered.") && broke++ === 0) throw new TypeError("ours");
      return false;
    };
    await fixture.start();
    const created = await fixture.ask();
    await expect.poll(sends).toBeGreaterThanOrEqual(5);
    await fixture.cancel(created);
    await expect.poll(async () => [...failedEndpointsOf(await fixture.set(created))]).toHaveLength(1);
    expect(Object.values(await fixture.set(created)).map(({ event }) => event.data)).toContainEqual(
      expect.objectContaining({ reason: "cancelled_before_sending" }),
    );
  });

  it("to a chat waits until the message before is recorded: a fault leaves one unrecorded, not two", async () => {
    const { promise: recorded, resolve } = Promise.withResolvers<boolean>();
    fixture.faults.append = (subject) => (subject.includes(".delivered.") ? recorded : false);
    await fixture.start();
    for (let n = 0; n < 3; n++) await fixture.ask();
    await fixture.message(7);
    await fixture.ask({ chats: [[8, [8]]] });
    await fixture.message(8);
    expect(fixture.telegram.messagesIn(7)).toHaveLength(1);
    resolve(false);
    await fixture.message(7, 2);
  });

  it.each([
    ["an HTML 502", { kind: "html" }],
    ["a 500", { kind: "refuse", code: 500, description: "Internal Server Error" }],
    ["a reset before it was done", { kind: "reset_before" }],
  ] as const)("is repeated after %s", async (_, fault) => {
    fixture.telegram.fail("sendMessage", fault);
    await fixture.start();
    await fixture.ask();
    await fixture.message();
    expect(fixture.telegram.messagesIn(7)).toHaveLength(1);
  });

  it("whose answer is lost leaves a twin: either decides, once, and both are closed", async () => {
    fixture.telegram.fail("sendMessage", { kind: "reset_after" });
    await fixture.start();
    const created = await fixture.ask();
    const [lost, recorded] = [await fixture.message(7, 0), await fixture.message(7, 1)];
    expect(await fixture.told(fixture.telegram.press(alice, lost, "Approve"))).toBe("Recorded: Approve");
    for (const message of [lost, recorded]) await expect.poll(() => message.text).toMatch(/^✅ Approved/);
    expect(copiesOf(await fixture.set(created))).toHaveLength(2);
    expect(fixture.telegram.messagesIn(7)).toHaveLength(2);
  });

  it("whose answer is lost: a typed reply to the unrecorded twin is told which message to answer", async () => {
    fixture.telegram.fail("sendMessage", { kind: "reset_after" });
    await fixture.start();
    const created = await fixture.ask({ options: [] });
    const [lost, recorded] = [await fixture.message(7, 0), await fixture.message(7, 1)];
    fixture.telegram.reply(alice, lost, "yes");
    expect((await fixture.message(7, 2)).text).toContain("message with the question itself");
    fixture.telegram.reply(alice, recorded, "yes");
    expect(await fixture.decided(created)).toMatchObject({ answer: { text: "yes" } });
  });

  it.each([
    ["blocked", new Refused(403, "Forbidden: bot was blocked by the user")],
    ["chat_not_found", new Refused(400, "Bad Request: chat not found")],
    ["removed_from_chat", new Refused(403, "Forbidden: bot was kicked from the supergroup chat")],
    ["rejected", new Refused(400, "Bad Request: something new")],
  ])("that can never work is undelivered: %s", async (reason, refusal) => {
    fixture.telegram.chats.refusing.set("7", refusal);
    await fixture.start();
    const created = await fixture.ask({
      chats: [
        [7, [7]],
        [8, [8]],
      ],
    });
    await fixture.message(8);
    await expect
      .poll(async () => [...failedEndpointsOf(await fixture.set(created))])
      .toEqual([`telegram_${bot}_7`]);
    expect(Object.values(await fixture.set(created)).map(({ event }) => event.data)).toContainEqual(
      expect.objectContaining({ reason }),
    );
  });

  it("of a question that is decided, or over, does not happen", async () => {
    const decided = await fixture.ask();
    await fixture.cancel(decided);
    await fixture.ask({ timeoutMs: -1 });
    await fixture.start();
    await fixture.ask({ chats: [[8, [8]]] });
    await fixture.message(8);
    expect(fixture.telegram.messagesIn(7)).toHaveLength(0);
  });
});

describe("a stop", () => {
  it("does not wait for what the rates hold back; the next start sends it, and nothing twice", async () => {
    await fixture.start();
    for (let n = 0; n < 60; n++) await fixture.ask({ message: `question ${n}.` });
    await fixture.message(7, 5);
    await fixture.close();
    const sent = fixture.telegram.messagesIn(7).length;
    await fixture.open();
    await fixture.start();
    await fixture.message(7, sent + 5);
    const asked = fixture.telegram.messagesIn(7).map(({ text }) => /question \d+\./.exec(text)?.[0]);
    expect(new Set(asked).size).toBe(asked.length);
  });

  it("reaches all consumers at once, whatever one of their handlers waits for", async () => {
    const { promise: answer, resolve } = Promise.withResolvers<boolean>();
    const stopped: string[] = [];
    fixture.faults.append = (subject) => (subject.includes(".delivered.") ? answer : false);
    fixture.wrapLog = (log) => reportingStops(log, stopped);
    const notifier = await fixture.start();
    await fixture.ask();
    await fixture.message();
    const stopping = notifier[Symbol.asyncDispose]();
    const names = ["closer", "inbound", "outbound", "returns"].map((name) => `notifier-${name}-${bot}`);
    await expect.poll(() => [...stopped].sort()).toEqual(names);
    resolve(false);
    await stopping;
  });
});

describe("closing", () => {
  it("is repeated until Telegram takes it", async () => {
    fixture.telegram.fail("editMessageText", tooManyRequests(1));
    fixture.telegram.fail("editMessageText", { kind: "html" });
    await fixture.start();
    const created = await fixture.ask();
    const message = await fixture.message();
    await fixture.cancel(created);
    await expect.poll(() => message.text).toMatch(/^🚫 Cancelled/);
  });

  it("happens also for what was decided while no notifier ran", async () => {
    await fixture.start();
    const created = await fixture.ask();
    const message = await fixture.message();
    await fixture.close();
    await fixture.open();
    await fixture.cancel(created);
    await fixture.start();
    await expect.poll(() => message.text).toMatch(/^🚫 Cancelled/);
  });
});

describe("receiving", () => {
  it("takes what was pressed while no notifier ran, also if it had been fetched but not confirmed", async () => {
    await fixture.start();
    const created = await fixture.ask();
    const message = await fixture.message();
    await fixture.close();
    const query = fixture.telegram.press(alice, message, "Approve");
    await fixture.open();
    await fixture.start();
    expect(await fixture.told(query)).toBe("Recorded: Approve");
    expect(await fixture.decision(created)).toMatchObject({ kind: "answered" });
    await expect.poll(() => fixture.telegram.held).toEqual([]);
  });

  it("goes on after a conflict, a rate limit and a broken answer, and says so", async () => {
    const description = "Conflict: terminated by other getUpdates request";
    fixture.telegram.fail("getUpdates", { kind: "refuse", code: 409, description }, 1_000);
    const notifier = await fixture.start();
    await expect
      .poll(() =>
        notifier.check().then(
          () => "",
          (error: Error) => error.message,
        ),
      )
      .toContain("another process polls");
    fixture.telegram.faults.clear();
    fixture.telegram.fail("getUpdates", tooManyRequests(1));
    fixture.telegram.fail("getUpdates", { kind: "html" });
    const created = await fixture.ask();
    fixture.telegram.press(alice, await fixture.message(), "Deny");
    expect(await fixture.decided(created)).toMatchObject({ answer: { value: "Deny" } });
    await notifier.check();
  });
});

describe("a start", () => {
  it("that Telegram refuses names the setting and not the token", async () => {
    fixture.telegram.fail("getMe", { kind: "refuse", code: 401, description: "Unauthorized" });
    const failure = await fixture.start().catch((error: Error) => error.message);
    expect(failure).toContain("TELEGRAM_BOT_TOKEN");
    expect(failure).not.toContain(token);
  });

  it("waits for a Telegram that does not answer yet", async () => {
    fixture.telegram.fail("getMe", { kind: "html" });
    expect((await fixture.start()).bot).toEqual({ id: bot, username: "gate_bot" });
  });

  it("of a bot that is known needs no Telegram: what was asked waits, and health says why", async () => {
    await fixture.start();
    await fixture.close();
    for (const method of ["getMe", "getUpdates", "sendMessage"])
      fixture.telegram.fail(method, { kind: "html" }, 1_000);
    await fixture.open();
    const notifier = await fixture.start();
    expect(notifier.bot).toEqual({ id: bot, username: "gate_bot" });
    await expect.poll(() => notifier.check().then(() => "", String)).toContain("no usable answer");
    const created = await fixture.ask();
    fixture.telegram.faults.clear();
    fixture.telegram.press(alice, await fixture.message(), "Approve");
    expect(await fixture.decided(created)).toMatchObject({ answer: { value: "Approve" } });
    await notifier.check();
  });

  it("of a bot that is known is stopped as well by a Telegram that refuses it", async () => {
    await fixture.start();
    await fixture.close();
    fixture.telegram.fail("getMe", { kind: "refuse", code: 401, description: "Unauthorized" });
    await fixture.open();
    await expect(fixture.start()).rejects.toThrow("TELEGRAM_BOT_TOKEN");
  });
});

/** The same log, which notes the consumers that were told to stop. */
const reportingStops = (log: EventLog, stopped: string[]): EventLog =>
  replacedLog(log, {
    consume: async (spec, handle) => {
      const consumption = await log.consume(spec, handle);
      return {
        waitForCatchUp: (withinMs) => consumption.waitForCatchUp(withinMs),
        [Symbol.asyncDispose]: () => {
          stopped.push(spec.name);
          return consumption[Symbol.asyncDispose]();
        },
      };
    },
  });
