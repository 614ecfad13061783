import { deadLetterSubject, newRequestId, requestSubject } from "@loopgate/contracts";
import { copiesOf, failedEndpointsOf } from "@loopgate/domain";
import { person, Refused, type ShownMessage, tooManyRequests } from "@loopgate/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { type NotifierFixture, openFixture } from "./support/notifier.ts";
import { bot } from "./support/secrets.ts";

const alice = person(7);
const group = -1_000_000_004_500;
let fixture: NotifierFixture;
beforeEach(async () => {
  fixture = await openFixture();
});
const callsOf = (wanted: string) => fixture.telegram.calls.filter(({ method }) => method === wanted);
const refuse = (description: string) =>
  ({ kind: "refuse", code: 400, description: `Bad Request: ${description}` }) as const;
const reasonsOf = async (created: Parameters<typeof fixture.set>[0]) =>
  Object.values(await fixture.set(created)).flatMap(({ event }) =>
    event.type === "loopgate.request.undelivered.v1" ? [event.data.reason] : [],
  );

describe("a topic", () => {
  const inTopic = async () => {
    const created = await fixture.ask({ chats: [[group, [7], 11]] });
    return { created, message: await fixture.message(group) };
  };

  it("is the chat of its question, where its press counts", async () => {
    fixture.telegram.chats.setTopic(group, 11);
    await fixture.start();
    const { created, message } = await inTopic();
    expect(message.thread).toBe(11);
    expect(await fixture.told(fixture.telegram.press(alice, message, "Approve"))).toBe("Recorded: Approve");
    expect(await fixture.decided(created)).toMatchObject({ by: { id: "telegram:7" } });
    await expect.poll(() => message.text).toMatch(/^✅ Approved/);
  });

  it.each([
    ["never was", undefined],
    ["is closed", new Refused(400, "Bad Request: TOPIC_CLOSED")],
  ])("that %s is left out: the question stands in the chat, and its answers count", async (_, refusal) => {
    if (refusal !== undefined) fixture.telegram.chats.setTopic(group, 11, refusal);
    await fixture.start();
    const { created, message } = await inTopic();
    expect(message.thread).toBeUndefined();
    fixture.telegram.press(alice, message, "Deny");
    expect(await fixture.decided(created)).toMatchObject({ answer: { value: "Deny" } });
    await expect.poll(() => message.text).toMatch(/^❌ Denied/);
    expect(await reasonsOf(created)).toEqual([]);
  });

  it("beside another one has answers of its own people: each group of them counts", async () => {
    fixture.telegram.chats.setTopic(group, 11);
    fixture.telegram.chats.setTopic(group, 12);
    await fixture.start();
    for (const who of [7, 8]) {
      const n = fixture.telegram.messagesIn(group).length;
      const created = await fixture.ask({
        chats: [
          [group, [7], 11],
          [group, [8], 12],
        ],
      });
      const first = await fixture.message(group, n);
      await fixture.message(group, n + 1);
      fixture.telegram.press(person(who), first, "Deny");
      expect(await fixture.decided(created)).toMatchObject({ by: { id: `telegram:${who}` } });
    }
  });

  it("takes typed replies, too", async () => {
    fixture.telegram.chats.setTopic(group, 11);
    await fixture.start();
    const created = await fixture.ask({ chats: [[group, [7], 11]], options: [] });
    fixture.telegram.reply(alice, await fixture.message(group), "yes");
    expect(await fixture.decided(created)).toMatchObject({ answer: { text: "yes" } });
  });
});

describe("a question that Telegram does not like", () => {
  it.each(["can't parse entities: unsupported entity type", "message is too long", "something new"])(
    "is sent once more in its plain form: %s",
    async (description) => {
      fixture.telegram.fail("sendMessage", refuse(description));
      await fixture.start();
      const created = await fixture.ask();
      const message = await fixture.message();
      expect(message.entities).toEqual([]);
      expect(message.text).toContain("secret question");
      fixture.telegram.press(alice, message, "Approve");
      expect(await fixture.decided(created)).toMatchObject({ kind: "answered" });
    },
  );

  it("in its plain form, too, is undelivered", async () => {
    fixture.telegram.fail("sendMessage", refuse("can't parse entities"), 2);
    await fixture.start();
    const created = await fixture.ask();
    await expect.poll(() => reasonsOf(created)).toEqual(["rejected"]);
    expect(callsOf("sendMessage")).toHaveLength(2);
  });

  it("is undelivered once, for its first reason, whatever was said of an earlier question of its id", async () => {
    const id = newRequestId();
    const subject = requestSubject({ tenant: "default", id }, `undelivered.telegram_${bot}_7`);
    const { event: earlier } = await fixture.ask();
    const type = "loopgate.request.undelivered.v1";
    const data = { endpoint: `telegram_${bot}_7`, reason: "earlier" };
    await fixture.bus.log.append(subject, { ...earlier, id: `${id}.earlier`, type, data });
    fixture.telegram.chats.refusing.set("7", new Refused(403, "Forbidden: bot was blocked by the user"));
    await fixture.start();
    const created = await fixture.ask({ id });
    await expect.poll(() => reasonsOf(created)).toEqual(["blocked"]);
    fixture.telegram.chats.refusing.set("7", new Refused(400, "Bad Request: chat not found"));
    fixture.telegram.say(alice, 7, "/start");
    const sent = () =>
      callsOf("sendMessage").filter(({ payload }) => String(payload["text"]).includes("secret"));
    await expect.poll(() => sent().length).toBe(4);
    await fixture.close();
    const undelivered = fixture.logged.filter((line) => line.includes(id) && line.includes('"undelivered"'));
    expect(undelivered).toHaveLength(1);
    await fixture.open();
    expect(await reasonsOf(created)).toEqual(["blocked"]);
  });

  it("or that breaks us is undelivered in the end, and set aside for an operator", async () => {
    await fixture.start();
    const created = await fixture.ask({ options: Array.from({ length: 300 }, (_, n) => `${n}`) });
    await expect.poll(() => reasonsOf(created)).toEqual(["internal_error"]);
    await fixture.ask();
    await fixture.message();
    const deadLetter = await fixture.bus.log.last(deadLetterSubject(`notifier-outbound-${bot}`));
    expect(deadLetter?.event.data).toMatchObject({ subject: created.subject });
  });

  it("because the bot may not write is undelivered at once", async () => {
    fixture.telegram.fail("sendMessage", refuse("not enough rights to send text messages to the chat"));
    await fixture.start();
    const created = await fixture.ask();
    await expect.poll(() => reasonsOf(created)).toEqual(["no_rights"]);
    expect(callsOf("sendMessage")).toHaveLength(1);
  });
});

describe("a copy", () => {
  const closeAnother = async () => {
    const n = fixture.telegram.messagesIn(8).length;
    const next = await fixture.ask({ chats: [[8, [8]]] });
    const message = await fixture.message(8, n);
    await fixture.cancel(next);
    await expect.poll(() => message.text).toMatch(/^🚫 Cancelled/);
  };

  it("whose verdict Telegram does not like shows it in the plain form", async () => {
    await fixture.start();
    const created = await fixture.ask();
    const message = await fixture.message();
    fixture.telegram.fail("editMessageText", refuse("can't parse entities"));
    await fixture.cancel(created);
    await expect.poll(() => message.text).toMatch(/^🚫 Cancelled/);
    expect(message.buttons).toEqual([]);
    const entitiesOf = ({ payload }: (typeof fixture.telegram.calls)[number]) =>
      payload["entities"] as unknown[];
    expect(callsOf("editMessageText").map(entitiesOf)).toContainEqual([]);
  });

  describe.each(["that a person deleted", "that can't be edited any more"])("%s", (kind) => {
    const spoil = (message: ShownMessage) =>
      kind.includes("deleted")
        ? fixture.telegram.chats.remove(message)
        : fixture.telegram.chats.freeze(message);
    const results = (chat: number) =>
      fixture.telegram.messagesIn(chat).filter(({ text }) => text.startsWith("🚫 Cancelled"));

    it("is followed by its result, once; the other copies are closed", async () => {
      await fixture.start();
      const created = await fixture.ask({
        chats: [
          [7, [7]],
          [8, [8]],
        ],
      });
      const [first, second] = [await fixture.message(7), await fixture.message(8)];
      const [approve] = second.buttons.flat();
      spoil(first);
      await fixture.cancel(created);
      await expect.poll(() => second.text).toMatch(/^🚫 Cancelled/);
      await expect.poll(() => results(7)).toHaveLength(1);
      expect(results(7)[0]).toMatchObject({ text: second.text, buttons: [], isSilent: true });
      expect(await fixture.told(fixture.telegram.press(alice, first, "Approve"))).toContain("Withdrawn");
      await fixture.close();
      await fixture.open();
      await fixture.start();
      fixture.telegram.press(person(8), { ...second, id: 999 }, { data: approve!.callback_data! });
      await expect.poll(() => results(8)).toHaveLength(2);
      await closeAnother();
      expect(results(7)).toHaveLength(1);
    });

    it.each([
      ["throttled", tooManyRequests(1), 2],
      ["carried out without an answer", { kind: "reset_after" } as const, 2],
      ["refused in the full form", refuse("can't parse entities"), 1],
    ])("is followed by its result, once, also if that is %s", async (_, fault, tries) => {
      await fixture.start();
      const created = await fixture.ask();
      spoil(await fixture.message());
      fixture.telegram.fail("sendMessage", fault);
      await fixture.cancel(created);
      await expect.poll(() => callsOf("editMessageText")).toHaveLength(tries);
      await expect.poll(() => results(7)).toHaveLength(1);
      await closeAnother();
      expect(results(7)).toHaveLength(1);
    });

    it("is followed by its result beside a topic that is gone", async () => {
      await fixture.start();
      const created = await fixture.ask({ chats: [[group, [7], 11]] });
      spoil(await fixture.message(group));
      await fixture.cancel(created);
      await expect.poll(() => results(group)).toHaveLength(1);
    });

    it("is followed by nothing where the bot is blocked", async () => {
      await fixture.start();
      const created = await fixture.ask();
      spoil(await fixture.message());
      fixture.telegram.shutOut(7);
      await fixture.cancel(created);
      await closeAnother();
      expect(callsOf("sendMessage")).toHaveLength(2);
    });
  });

  it("is closed before the next question is asked in its chat", async () => {
    await fixture.start();
    const asked = [];
    for (let n = 0; n < 5; n++) asked.push(await fixture.ask({ message: `question ${n}.` }));
    await fixture.message(7, 4);
    fixture.telegram.fail("editMessageText", { kind: "slow", ms: 1_000 });
    for (const created of asked) await fixture.cancel(created);
    await expect.poll(() => callsOf("editMessageText").length).toBeGreaterThanOrEqual(1);
    await fixture.ask({ message: "the last one" });
    await fixture.message(7, 5);
    for (const message of fixture.telegram.messagesIn(7).slice(0, 5))
      expect(message.text).toMatch(/^🚫 Cancelled/);
  });

  it("is closed after a long outage of Telegram", async () => {
    await fixture.start();
    const created = await fixture.ask();
    const message = await fixture.message();
    fixture.telegram.fail("editMessageText", { kind: "hang" });
    fixture.telegram.fail("editMessageText", { kind: "html" });
    fixture.telegram.fail("editMessageText", { kind: "reset_before" });
    await fixture.cancel(created);
    await expect.poll(() => message.text).toMatch(/^🚫 Cancelled/);
    expect(message.edits).toBe(1);
  });
});

describe("a question that can't be sent before its end", () => {
  it.each([
    ["throttled for long", tooManyRequests(3_600)],
    ["answered with an HTML 502 again and again", { kind: "html" } as const],
    [
      "refused because of a revoked token",
      { kind: "refuse", code: 401, description: "Unauthorized" } as const,
    ],
  ])("is undelivered then: %s", async (_, fault) => {
    fixture.telegram.fail("sendMessage", fault, 1_000);
    await fixture.start();
    const created = await fixture.ask({ timeoutMs: 700 });
    await expect.poll(() => reasonsOf(created)).toEqual(["expired_before_sending"]);
    expect(await fixture.decision(created)).toBeUndefined();
    expect(fixture.telegram.messagesIn(7)).toEqual([]);
  });

  it("or was withdrawn before, is undelivered as that; a chat that has it is not", async () => {
    fixture.telegram.chats.refusing.set("8", new Refused(429, "Too Many Requests", { retry_after: 1 }));
    await fixture.start();
    const created = await fixture.ask({
      chats: [
        [7, [7]],
        [8, [8]],
      ],
    });
    await fixture.message(7);
    await expect.poll(() => callsOf("sendMessage").length).toBeGreaterThanOrEqual(2);
    await fixture.cancel(created);
    await expect.poll(() => reasonsOf(created)).toEqual(["cancelled_before_sending"]);
    expect([...failedEndpointsOf(await fixture.set(created))]).toEqual([`telegram_${bot}_8`]);
    expect(copiesOf(await fixture.set(created))).toHaveLength(1);
  });
});

it("a hang, a broken answer and a lost one after another leave one twin for the lost one", async () => {
  fixture.telegram.fail("sendMessage", { kind: "hang" });
  fixture.telegram.fail("sendMessage", { kind: "html" });
  fixture.telegram.fail("sendMessage", { kind: "reset_after" });
  await fixture.start();
  const created = await fixture.ask();
  const [lost, recorded] = [await fixture.message(7, 0), await fixture.message(7, 1)];
  fixture.telegram.press(alice, recorded, "Deny");
  await fixture.decided(created);
  await expect.poll(() => recorded.text).toMatch(/^❌ Denied/);
  await fixture.told(fixture.telegram.press(alice, lost, "Approve"));
  await expect.poll(() => lost.text).toMatch(/^❌ Denied/);
  expect(fixture.telegram.messagesIn(7)).toHaveLength(2);
});
