import { deadLetterSubject, receivedEvent, receivedSubject, sessionKey } from "@loopgate/contracts";
import { person } from "@loopgate/testing";
import { describe, expect, it } from "vitest";
import { bot, leaksIn, NotifierSetting, token } from "./support/notifier.ts";

const [alice, mallory] = [person(7), person(666, "Mallory", "M")];
const group = -100500;
const here = NotifierSetting.use();
const deadLetter = () => here.bus.log.last(deadLetterSubject(`notifier-inbound-${bot}`));
const answersTo = (query: string) => here.telegram.answers.filter((answer) => answer.query === query);

describe("an update", () => {
  it("that was stored and not confirmed when the process ended is handled once", async () => {
    await here.start();
    const created = await here.ask();
    const message = await here.message();
    here.telegram.fail("getUpdates", { kind: "reset_after" }, 1_000);
    const query = here.telegram.press(alice, message, "Approve");
    await here.decided(created);
    await here.close();
    expect(here.telegram.held).toHaveLength(1);
    here.telegram.faults.clear();
    await here.open();
    await here.start();
    await expect.poll(() => here.telegram.held).toEqual([]);
    expect(await here.decision(created)).toMatchObject({ kind: "answered", by: { id: "telegram:7" } });
    expect(answersTo(query)).toHaveLength(1);
  });

  it("that was stored and not handled when the process ended is handled by the next", async () => {
    await here.start();
    const created = await here.ask();
    const message = await here.message();
    await here.close();
    const query = here.telegram.press(alice, message, "Deny");
    const update = here.telegram.held[0];
    await here.open();
    const received = { tenant: "default", account: bot, id: `tg-${bot}-${update?.update_id}` };
    await here.bus.log.append(
      receivedSubject("default", "telegram", bot),
      receivedEvent(received, { ...update }),
    );
    await here.start();
    expect(await here.told(query)).toBe("Recorded: Deny");
    await expect.poll(() => message.text).toMatch(/^❌ Denied/);
    await expect.poll(() => here.telegram.held).toEqual([]);
    expect(answersTo(query)).toHaveLength(1);
    expect(await here.decision(created)).toMatchObject({ answer: { value: "Deny" } });
  });

  it("that came too late is told who won also if the process ended while it waited", async () => {
    await here.start();
    const [created, message] = await here.askUntilItEnds();
    here.clockOffsetMs -= 3_000;
    const query = here.telegram.press(alice, message, "Approve");
    await expect.poll(() => here.telegram.held).toEqual([]);
    await here.close();
    here.clockOffsetMs = 0;
    await here.open();
    expect(await here.decision(created)).toBeUndefined();
    await here.start();
    expect(await here.told(query)).toContain("Expired");
    expect(await here.decision(created)).toMatchObject({ kind: "expired" });
  });

  it("that comes while the log does not answer waits at Telegram until it does", async () => {
    let isDown = true;
    await here.start();
    const created = await here.ask();
    const message = await here.message();
    here.refusesAppend = (subject) => isDown && subject.startsWith("loopgate.channel.");
    const query = here.telegram.press(alice, message, "Approve");
    await expect.poll(() => here.logged.join("")).toContain("polling failed");
    expect(here.telegram.held).toHaveLength(1);
    isDown = false;
    expect(await here.told(query)).toBe("Recorded: Approve");
    expect(await here.decision(created)).toMatchObject({ kind: "answered" });
  });

  it.each([
    ["a message", { message: { message_id: "rubbish" } }],
    ["a press", { callback_query: { id: "rubbish" } }],
  ])("of unknown shape is set aside, and the next ones are handled: %s", async (_, update) => {
    await here.start();
    here.telegram.push(update as never);
    here.telegram.push({ something_new: {} } as never);
    const created = await here.ask();
    here.telegram.press(alice, await here.message(), "Approve");
    expect(await here.decided(created)).toMatchObject({ kind: "answered" });
    expect((await deadLetter())?.event.data).toMatchObject({ error: "an update of unknown shape" });
    const asked = here.telegram.calls.filter(({ method }) => method === "answerCallbackQuery");
    expect(asked.some(({ payload }) => payload["callback_query_id"] === "rubbish")).toBe(
      "callback_query" in update,
    );
  });

  it("that makes us fail again and again is answered once and set aside, and the others go on", async () => {
    const sessions = await here.bus.keyValue.bucket("sessions");
    await sessions.create(sessionKey("default", "broken"), "no session");
    await here.start();
    const poison = await here.ask({ session: "broken" });
    const other = await here.ask({ chats: [[8, [8]]] });
    const query = here.telegram.press(alice, await here.message(7), "Approve");
    here.telegram.press(person(8, "Bob", "Stone"), await here.message(8), "Approve");
    expect(await here.decided(other)).toMatchObject({ kind: "answered" });
    expect(await here.told(query)).toContain("if it does not change, nothing was decided");
    await expect.poll(deadLetter).toBeDefined();
    expect(answersTo(query)).toHaveLength(1);
    expect(await here.decision(poison)).toBeUndefined();
  });

  it("that was put off until the question's end is not given up because of that", async () => {
    await here.start();
    const [, message] = await here.askUntilItEnds();
    let broke = 0;
    here.refusesAppend = (subject) => {
      if (subject.endsWith(".decided") && broke++ < 2) throw new TypeError("ours");
      return false;
    };
    expect(await here.told(here.telegram.press(alice, message, "Approve"))).toContain("Expired");
    expect(broke).toBe(3);
    expect(await deadLetter()).toBeUndefined();
  });
});

describe("an answer that the log does not take", () => {
  it("is told so once, and recorded as soon as the log answers", async () => {
    let refused = 0;
    here.refusesAppend = (subject) => subject.endsWith(".decided") && refused++ < 4;
    await here.start();
    const created = await here.ask();
    const query = here.telegram.press(alice, await here.message(), "Approve");
    await expect
      .poll(() => answersTo(query).map(({ text }) => text))
      .toEqual([
        "I could not save that yet. If this message does not change soon, please press again.",
        "Recorded: Approve",
      ]);
    expect(await here.decision(created)).toMatchObject({ answer: { value: "Approve" } });
  });

  it("and is made again meanwhile counts once", async () => {
    let isDown = true;
    here.refusesAppend = (subject) => isDown && subject.endsWith(".decided");
    await here.start();
    const created = await here.ask();
    const message = await here.message();
    const queries = [
      here.telegram.press(alice, message, "Approve"),
      here.telegram.press(alice, message, "Approve"),
    ];
    for (const query of queries) await here.told(query);
    isDown = false;
    await expect
      .poll(() => new Set(queries.map((query) => answersTo(query).at(-1)?.text)))
      .toEqual(new Set(["Already recorded: Approve", "Recorded: Approve"]));
    expect(await here.decision(created)).toMatchObject({ kind: "answered" });
  });
});

describe("the answer to a press", () => {
  it("that Telegram refuses or never takes changes nothing: the decision stands, the copy closes, others go on", async () => {
    await here.start();
    const created = await here.ask();
    const message = await here.message();
    here.telegram.fail("answerCallbackQuery", { kind: "hang" });
    here.telegram.press(alice, message, "Approve");
    await here.decided(created);
    await expect.poll(() => message.text).toMatch(/^✅ Approved/);
  });

  it("does not wait behind a stranger who floods a group with replies", async () => {
    await here.start();
    await here.ask({ options: [], chats: [[group, [7]]] });
    const asked = await here.message(group);
    for (let n = 0; n < 150; n++) here.telegram.reply(mallory, asked, `flood ${n}`);
    const created = await here.ask();
    const query = here.telegram.press(alice, await here.message(), "Approve");
    expect(await here.told(query)).toBe("Recorded: Approve");
    expect(await here.decided(created)).toMatchObject({ kind: "answered" });
    expect(here.telegram.messagesIn(group).length).toBeLessThan(40);
  });
});

describe("the log", () => {
  it("holds neither token nor text at its finest level, whatever fails", async () => {
    for (const method of ["getMe", "getUpdates", "sendMessage", "editMessageText", "answerCallbackQuery"])
      for (const fault of [{ kind: "html" }, { kind: "reset_before" }] as const)
        here.telegram.fail(method, fault);
    await here.start();
    const created = await here.ask({ options: [] });
    here.telegram.reply(alice, await here.message(), "secret question, answered");
    await here.decided(created);
    await expect.poll(() => here.telegram.messagesIn(7)[0]?.text).toMatch(/^✅/);
    expect(here.logged.length).toBeGreaterThan(5);
    expect(leaksIn(here.logged)).toEqual([]);
  });

  it("would be found to leak", () => {
    expect(leaksIn([`GET /bot${token}/getMe`])).toHaveLength(1);
    expect(leaksIn(["{", `"url":"${encodeURIComponent(token)}"`])).not.toEqual([]);
    expect(leaksIn(['{"text":"secret question"}'])).toEqual(["secret question"]);
  });
});
