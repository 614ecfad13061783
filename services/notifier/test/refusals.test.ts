import { deadLetterSubject, newRequestId, requestSubject } from "@loopgate/contracts";
import { copiesOf, failedEndpointsOf } from "@loopgate/domain";
import { person, Refused, type ShownMessage, tooManyRequests } from "@loopgate/testing";
import { describe, expect, it } from "vitest";
import { bot, NotifierSetting } from "./support/notifier.ts";

const alice = person(7);
const group = -1_000_000_004_500;
const here = NotifierSetting.use();
const callsOf = (wanted: string) => here.telegram.calls.filter(({ method }) => method === wanted);
const refuse = (description: string) =>
  ({ kind: "refuse", code: 400, description: `Bad Request: ${description}` }) as const;
const reasonsOf = async (created: Parameters<typeof here.set>[0]) =>
  Object.values(await here.set(created)).flatMap(({ event }) =>
    event.type === "loopgate.request.undelivered.v1" ? [event.data.reason] : [],
  );

describe("a topic", () => {
  const inTopic = async () => {
    const created = await here.ask({ chats: [[group, [7], 11]] });
    return { created, message: await here.message(group) };
  };

  it("is where its question stands, and where its press counts", async () => {
    here.telegram.chats.setTopic(group, 11);
    await here.start();
    const { created, message } = await inTopic();
    expect(message.thread).toBe(11);
    expect(await here.told(here.telegram.press(alice, message, "Approve"))).toBe("Recorded: Approve");
    expect(await here.decided(created)).toMatchObject({ by: { id: "telegram:7" } });
    await expect.poll(() => message.text).toMatch(/^✅ Approved/);
  });

  it.each([
    ["never was", undefined],
    ["is closed", new Refused(400, "Bad Request: TOPIC_CLOSED")],
  ])("that %s is left out: the question stands in the chat, and its answers count", async (_, refusal) => {
    if (refusal !== undefined) here.telegram.chats.setTopic(group, 11, refusal);
    await here.start();
    const { created, message } = await inTopic();
    expect(message.thread).toBeUndefined();
    here.telegram.press(alice, message, "Deny");
    expect(await here.decided(created)).toMatchObject({ answer: { value: "Deny" } });
    await expect.poll(() => message.text).toMatch(/^❌ Denied/);
    expect(await reasonsOf(created)).toEqual([]);
  });

  it("beside another one has answers of its own people: each group of them counts", async () => {
    here.telegram.chats.setTopic(group, 11);
    here.telegram.chats.setTopic(group, 12);
    await here.start();
    for (const who of [7, 8]) {
      const n = here.telegram.messagesIn(group).length;
      const created = await here.ask({
        chats: [
          [group, [7], 11],
          [group, [8], 12],
        ],
      });
      const first = await here.message(group, n);
      await here.message(group, n + 1);
      here.telegram.press(person(who), first, "Deny");
      expect(await here.decided(created)).toMatchObject({ by: { id: `telegram:${who}` } });
    }
  });

  it("takes typed replies, too", async () => {
    here.telegram.chats.setTopic(group, 11);
    await here.start();
    const created = await here.ask({ chats: [[group, [7], 11]], options: [] });
    here.telegram.reply(alice, await here.message(group), "yes");
    expect(await here.decided(created)).toMatchObject({ answer: { text: "yes" } });
  });
});

describe("a question that Telegram does not like", () => {
  it.each(["can't parse entities: unsupported entity type", "message is too long", "something new"])(
    "is sent once more in its plain form: %s",
    async (description) => {
      here.telegram.fail("sendMessage", refuse(description));
      await here.start();
      const created = await here.ask();
      const message = await here.message();
      expect(message.entities).toEqual([]);
      expect(message.text).toContain("secret question");
      here.telegram.press(alice, message, "Approve");
      expect(await here.decided(created)).toMatchObject({ kind: "answered" });
    },
  );

  it("in its plain form, too, is undelivered", async () => {
    here.telegram.fail("sendMessage", refuse("can't parse entities"), 2);
    await here.start();
    const created = await here.ask();
    await expect.poll(() => reasonsOf(created)).toEqual(["rejected"]);
    expect(callsOf("sendMessage")).toHaveLength(2);
  });

  it("is undelivered once, for its first reason, whatever was said of an earlier question of its id", async () => {
    const id = newRequestId();
    const subject = requestSubject({ tenant: "default", id }, `undelivered.telegram_${bot}_7`);
    const { event: earlier } = await here.ask();
    const type = "loopgate.request.undelivered.v1";
    const data = { endpoint: `telegram_${bot}_7`, reason: "earlier" };
    await here.bus.log.append(subject, { ...earlier, id: `${id}.earlier`, type, data });
    here.telegram.chats.refusing.set("7", new Refused(403, "Forbidden: bot was blocked by the user"));
    await here.start();
    const created = await here.ask({ id });
    await expect.poll(() => reasonsOf(created)).toEqual(["blocked"]);
    here.telegram.chats.refusing.set("7", new Refused(400, "Bad Request: chat not found"));
    here.telegram.say(alice, 7, "/start");
    const sent = () =>
      callsOf("sendMessage").filter(({ payload }) => String(payload["text"]).includes("secret"));
    await expect.poll(() => sent().length).toBe(4);
    await here.close();
    const undelivered = here.logged.filter((line) => line.includes(id) && line.includes('"undelivered"'));
    expect(undelivered).toHaveLength(1);
    await here.open();
    expect(await reasonsOf(created)).toEqual(["blocked"]);
  });

  it("or that breaks us is undelivered in the end, and set aside for an operator", async () => {
    await here.start();
    const created = await here.ask({ options: Array.from({ length: 300 }, (_, n) => `${n}`) });
    await expect.poll(() => reasonsOf(created)).toEqual(["internal_error"]);
    await here.ask();
    await here.message();
    const deadLetter = await here.bus.log.last(deadLetterSubject(`notifier-outbound-${bot}`));
    expect(deadLetter?.event.data).toMatchObject({ subject: created.subject });
  });

  it("because the bot may not write is undelivered at once", async () => {
    here.telegram.fail("sendMessage", refuse("not enough rights to send text messages to the chat"));
    await here.start();
    const created = await here.ask();
    await expect.poll(() => reasonsOf(created)).toEqual(["no_rights"]);
    expect(callsOf("sendMessage")).toHaveLength(1);
  });
});

describe("a copy", () => {
  const closeAnother = async () => {
    const n = here.telegram.messagesIn(8).length;
    const next = await here.ask({ chats: [[8, [8]]] });
    const message = await here.message(8, n);
    await here.cancel(next);
    await expect.poll(() => message.text).toMatch(/^🚫 Cancelled/);
  };

  it("whose verdict Telegram does not like shows it in the plain form", async () => {
    await here.start();
    const created = await here.ask();
    const message = await here.message();
    here.telegram.fail("editMessageText", refuse("can't parse entities"));
    await here.cancel(created);
    await expect.poll(() => message.text).toMatch(/^🚫 Cancelled/);
    expect(message.buttons).toEqual([]);
    const entitiesOf = ({ payload }: (typeof here.telegram.calls)[number]) =>
      payload["entities"] as unknown[];
    expect(callsOf("editMessageText").map(entitiesOf)).toContainEqual([]);
  });

  describe.each(["that a person deleted", "that can't be edited any more"])("%s", (kind) => {
    const spoil = (message: ShownMessage) =>
      kind.includes("deleted") ? here.telegram.chats.remove(message) : here.telegram.chats.freeze(message);
    const results = (chat: number) =>
      here.telegram.messagesIn(chat).filter(({ text }) => text.startsWith("🚫 Cancelled"));

    it("is followed by its result, once; the other copies are closed", async () => {
      await here.start();
      const created = await here.ask({
        chats: [
          [7, [7]],
          [8, [8]],
        ],
      });
      const [first, second] = [await here.message(7), await here.message(8)];
      const [approve] = second.buttons.flat();
      spoil(first);
      await here.cancel(created);
      await expect.poll(() => second.text).toMatch(/^🚫 Cancelled/);
      await expect.poll(() => results(7)).toHaveLength(1);
      expect(results(7)[0]).toMatchObject({ text: second.text, buttons: [], isSilent: true });
      expect(await here.told(here.telegram.press(alice, first, "Approve"))).toContain("Withdrawn");
      await here.close();
      await here.open();
      await here.start();
      here.telegram.press(person(8), { ...second, id: 999 }, { data: approve!.callback_data! });
      await expect.poll(() => results(8)).toHaveLength(2);
      await closeAnother();
      expect(results(7)).toHaveLength(1);
    });

    it.each([
      ["throttled", tooManyRequests(1), 2],
      ["carried out without an answer", { kind: "reset_after" } as const, 2],
      ["refused in the full form", refuse("can't parse entities"), 1],
    ])("is followed by its result, once, also if that is %s", async (_, fault, tries) => {
      await here.start();
      const created = await here.ask();
      spoil(await here.message());
      here.telegram.fail("sendMessage", fault);
      await here.cancel(created);
      await expect.poll(() => callsOf("editMessageText")).toHaveLength(tries);
      await expect.poll(() => results(7)).toHaveLength(1);
      await closeAnother();
      expect(results(7)).toHaveLength(1);
    });

    it("is followed by its result beside a topic that is gone", async () => {
      await here.start();
      const created = await here.ask({ chats: [[group, [7], 11]] });
      spoil(await here.message(group));
      await here.cancel(created);
      await expect.poll(() => results(group)).toHaveLength(1);
    });

    it("is followed by nothing where the bot is blocked", async () => {
      await here.start();
      const created = await here.ask();
      spoil(await here.message());
      here.telegram.shutOut(7);
      await here.cancel(created);
      await closeAnother();
      expect(callsOf("sendMessage")).toHaveLength(2);
    });
  });

  it("is closed before the next question is asked in its chat", async () => {
    await here.start();
    const asked = [];
    for (let n = 0; n < 5; n++) asked.push(await here.ask({ message: `question ${n}.` }));
    await here.message(7, 4);
    here.telegram.fail("editMessageText", { kind: "slow", ms: 1_000 });
    for (const created of asked) await here.cancel(created);
    await expect.poll(() => callsOf("editMessageText").length).toBeGreaterThanOrEqual(1);
    await here.ask({ message: "the last one" });
    await here.message(7, 5);
    for (const message of here.telegram.messagesIn(7).slice(0, 5))
      expect(message.text).toMatch(/^🚫 Cancelled/);
  });

  it("is closed after a long outage of Telegram", async () => {
    await here.start();
    const created = await here.ask();
    const message = await here.message();
    here.telegram.fail("editMessageText", { kind: "hang" });
    here.telegram.fail("editMessageText", { kind: "html" });
    here.telegram.fail("editMessageText", { kind: "reset_before" });
    await here.cancel(created);
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
    here.telegram.fail("sendMessage", fault, 1_000);
    await here.start();
    const created = await here.ask({ timeoutMs: 700 });
    await expect.poll(() => reasonsOf(created)).toEqual(["expired_before_sending"]);
    expect(await here.decision(created)).toBeUndefined();
    expect(here.telegram.messagesIn(7)).toEqual([]);
  });

  it("or was withdrawn before, is undelivered as that; a chat that has it is not", async () => {
    here.telegram.chats.refusing.set("8", new Refused(429, "Too Many Requests", { retry_after: 1 }));
    await here.start();
    const created = await here.ask({
      chats: [
        [7, [7]],
        [8, [8]],
      ],
    });
    await here.message(7);
    await expect.poll(() => callsOf("sendMessage").length).toBeGreaterThanOrEqual(2);
    await here.cancel(created);
    await expect.poll(() => reasonsOf(created)).toEqual(["cancelled_before_sending"]);
    expect([...failedEndpointsOf(await here.set(created))]).toEqual([`telegram_${bot}_8`]);
    expect(copiesOf(await here.set(created))).toHaveLength(1);
  });
});

it("a hang, a broken answer and a lost one after another leave one twin for the lost one", async () => {
  here.telegram.fail("sendMessage", { kind: "hang" });
  here.telegram.fail("sendMessage", { kind: "html" });
  here.telegram.fail("sendMessage", { kind: "reset_after" });
  await here.start();
  const created = await here.ask();
  const [lost, recorded] = [await here.message(7, 0), await here.message(7, 1)];
  here.telegram.press(alice, recorded, "Deny");
  await here.decided(created);
  await expect.poll(() => recorded.text).toMatch(/^❌ Denied/);
  await here.told(here.telegram.press(alice, lost, "Approve"));
  await expect.poll(() => lost.text).toMatch(/^❌ Denied/);
  expect(here.telegram.messagesIn(7)).toHaveLength(2);
});
