import { deadLetterSubject, receivedEvent, receivedSubject, sessionKey } from "@loopgate/contracts";
import { person } from "@loopgate/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { type NotifierFixture, openFixture } from "./support/notifier.ts";
import { bot, leaksIn, token } from "./support/secrets.ts";

const [alice, mallory] = [person(7), person(666, "Mallory", "M")];
const group = -100500;
let fixture: NotifierFixture;
beforeEach(async () => {
  fixture = await openFixture();
});
const deadLetter = () => fixture.bus.log.last(deadLetterSubject(`notifier-inbound-${bot}`));
const answersTo = (query: string) => fixture.telegram.answers.filter((answer) => answer.query === query);

describe("an update", () => {
  it("that was stored and not confirmed when the process ended is handled once", async () => {
    await fixture.start();
    const created = await fixture.ask();
    const message = await fixture.message();
    fixture.telegram.fail("getUpdates", { kind: "reset_after" }, 1_000);
    const query = fixture.telegram.press(alice, message, "Approve");
    await fixture.decided(created);
    await fixture.close();
    expect(fixture.telegram.held).toHaveLength(1);
    fixture.telegram.faults.clear();
    await fixture.open();
    await fixture.start();
    await expect.poll(() => fixture.telegram.held).toEqual([]);
    expect(await fixture.decision(created)).toMatchObject({ kind: "answered", by: { id: "telegram:7" } });
    expect(answersTo(query)).toHaveLength(1);
  });

  it("that was stored and not handled when the process ended is handled by the next", async () => {
    await fixture.start();
    const created = await fixture.ask();
    const message = await fixture.message();
    await fixture.close();
    const query = fixture.telegram.press(alice, message, "Deny");
    const update = fixture.telegram.held[0];
    await fixture.open();
    const received = { tenant: "default", account: bot, id: `tg-${bot}-${update?.update_id}` };
    await fixture.bus.log.append(
      receivedSubject("default", "telegram", bot),
      receivedEvent(received, { ...update }),
    );
    await fixture.start();
    expect(await fixture.told(query)).toBe("Recorded: Deny");
    await expect.poll(() => message.text).toMatch(/^❌ Denied/);
    await expect.poll(() => fixture.telegram.held).toEqual([]);
    expect(answersTo(query)).toHaveLength(1);
    expect(await fixture.decision(created)).toMatchObject({ answer: { value: "Deny" } });
  });

  it("that came too late is told who won also if the process ended while it waited", async () => {
    await fixture.start();
    const [created, message] = await fixture.askUntilItEnds();
    fixture.clockOffsetMs -= 3_000;
    const query = fixture.telegram.press(alice, message, "Approve");
    await expect.poll(() => fixture.telegram.held).toEqual([]);
    await fixture.close();
    fixture.clockOffsetMs = 0;
    await fixture.open();
    expect(await fixture.decision(created)).toBeUndefined();
    await fixture.start();
    expect(await fixture.told(query)).toContain("Expired");
    expect(await fixture.decision(created)).toMatchObject({ kind: "expired" });
  });

  it("that comes while the log does not answer waits at Telegram until it does", async () => {
    let isDown = true;
    await fixture.start();
    const created = await fixture.ask();
    const message = await fixture.message();
    fixture.faults.append = (subject) => isDown && subject.startsWith("loopgate.channel.");
    const query = fixture.telegram.press(alice, message, "Approve");
    await expect.poll(() => fixture.logged.join("")).toContain("polling failed");
    expect(fixture.telegram.held).toHaveLength(1);
    isDown = false;
    expect(await fixture.told(query)).toBe("Recorded: Approve");
    expect(await fixture.decision(created)).toMatchObject({ kind: "answered" });
  });

  it.each([
    ["a message", { message: { message_id: "rubbish" } }],
    ["a press", { callback_query: { id: "rubbish" } }],
  ])("of unknown shape is set aside, and the next ones are handled: %s", async (_, update) => {
    await fixture.start();
    fixture.telegram.push(update as never);
    fixture.telegram.push({ something_new: {} } as never);
    const created = await fixture.ask();
    fixture.telegram.press(alice, await fixture.message(), "Approve");
    expect(await fixture.decided(created)).toMatchObject({ kind: "answered" });
    expect((await deadLetter())?.event.data).toMatchObject({ error: "an update of unknown shape" });
    const asked = fixture.telegram.calls.filter(({ method }) => method === "answerCallbackQuery");
    expect(asked.some(({ payload }) => payload["callback_query_id"] === "rubbish")).toBe(
      "callback_query" in update,
    );
  });

  it("that makes us fail again and again is answered once and set aside, and the others go on", async () => {
    const sessions = await fixture.bus.keyValue.bucket("sessions");
    await sessions.create(sessionKey("default", "broken"), "no session");
    await fixture.start();
    const poison = await fixture.ask({ session: "broken" });
    const other = await fixture.ask({ chats: [[8, [8]]] });
    const query = fixture.telegram.press(alice, await fixture.message(7), "Approve");
    fixture.telegram.press(person(8, "Bob", "Stone"), await fixture.message(8), "Approve");
    expect(await fixture.decided(other)).toMatchObject({ kind: "answered" });
    expect(await fixture.told(query)).toContain("if it does not change, nothing was decided");
    await expect.poll(deadLetter).toBeDefined();
    expect(answersTo(query)).toHaveLength(1);
    expect(await fixture.decision(poison)).toBeUndefined();
  });

  it("that was put off until the question's end is not given up because of that", async () => {
    await fixture.start();
    const [, message] = await fixture.askUntilItEnds();
    let broke = 0;
    fixture.faults.append = (subject) => {
      if (subject.endsWith(".decided") && broke++ < 2) throw new TypeError("ours");
      return false;
    };
    expect(await fixture.told(fixture.telegram.press(alice, message, "Approve"))).toContain("Expired");
    expect(broke).toBe(3);
    expect(await deadLetter()).toBeUndefined();
  });
});

describe("an answer that the log does not take", () => {
  it("is told so once, and recorded as soon as the log answers", async () => {
    let refused = 0;
    fixture.faults.append = (subject) => subject.endsWith(".decided") && refused++ < 4;
    await fixture.start();
    const created = await fixture.ask();
    const query = fixture.telegram.press(alice, await fixture.message(), "Approve");
    await expect
      .poll(() => answersTo(query).map(({ text }) => text))
      .toEqual([
        "I could not save that yet. If this message does not change soon, please press again.",
        "Recorded: Approve",
      ]);
    expect(await fixture.decision(created)).toMatchObject({ answer: { value: "Approve" } });
  });

  it("and is made again meanwhile counts once", async () => {
    let isDown = true;
    fixture.faults.append = (subject) => isDown && subject.endsWith(".decided");
    await fixture.start();
    const created = await fixture.ask();
    const message = await fixture.message();
    const queries = [
      fixture.telegram.press(alice, message, "Approve"),
      fixture.telegram.press(alice, message, "Approve"),
    ];
    for (const query of queries) await fixture.told(query);
    isDown = false;
    await expect
      .poll(() => new Set(queries.map((query) => answersTo(query).at(-1)?.text)))
      .toEqual(new Set(["Already recorded: Approve", "Recorded: Approve"]));
    expect(await fixture.decision(created)).toMatchObject({ kind: "answered" });
  });
});

describe("the answer to a press", () => {
  it("that Telegram refuses or never takes changes nothing: the decision counts, the copy closes, others continue", async () => {
    await fixture.start();
    const created = await fixture.ask();
    const message = await fixture.message();
    fixture.telegram.fail("answerCallbackQuery", { kind: "hang" });
    fixture.telegram.press(alice, message, "Approve");
    await fixture.decided(created);
    await expect.poll(() => message.text).toMatch(/^✅ Approved/);
  });

  it("does not wait behind a stranger who floods a group with replies", async () => {
    await fixture.start();
    await fixture.ask({ options: [], chats: [[group, [7]]] });
    const asked = await fixture.message(group);
    for (let n = 0; n < 150; n++) fixture.telegram.reply(mallory, asked, `flood ${n}`);
    const created = await fixture.ask();
    const query = fixture.telegram.press(alice, await fixture.message(), "Approve");
    expect(await fixture.told(query)).toBe("Recorded: Approve");
    expect(await fixture.decided(created)).toMatchObject({ kind: "answered" });
    expect(fixture.telegram.messagesIn(group).length).toBeLessThan(40);
  });
});

describe("the log", () => {
  it("holds neither token nor text at its finest level, whatever fails", async () => {
    for (const method of ["getMe", "getUpdates", "sendMessage", "editMessageText", "answerCallbackQuery"])
      for (const fault of [{ kind: "html" }, { kind: "reset_before" }] as const)
        fixture.telegram.fail(method, fault);
    await fixture.start();
    const created = await fixture.ask({ options: [] });
    fixture.telegram.reply(alice, await fixture.message(), "secret question, answered");
    await fixture.decided(created);
    await expect.poll(() => fixture.telegram.messagesIn(7)[0]?.text).toMatch(/^✅/);
    expect(fixture.logged.length).toBeGreaterThan(5);
    expect(leaksIn(fixture.logged)).toEqual([]);
  });

  it("would be found to leak", () => {
    expect(leaksIn([`GET /bot${token}/getMe`])).toHaveLength(1);
    expect(leaksIn(["{", `"url":"${encodeURIComponent(token)}"`])).not.toEqual([]);
    expect(leaksIn(['{"text":"secret question"}'])).toEqual(["secret question"]);
  });
});
