import { copiesOf } from "@loopgate/domain";
import { person, Refused, tooManyRequests } from "@loopgate/testing";
import { createBotApi } from "../src/channels/telegram/api/bot-api.ts";
import { token } from "./support/secrets.ts";
import { beforeEach, describe, expect, it } from "vitest";
import { type NotifierFixture, openFixture } from "./support/notifier.ts";

const [alice, mallory] = [person(7), person(666, "Mallory", "M")];
const group = -100500;
let fixture: NotifierFixture;
beforeEach(async () => {
  fixture = await openFixture();
});

describe("the end of a question", () => {
  it("by silence closes every copy in every chat", async () => {
    await fixture.start();
    const created = await fixture.ask({
      chats: [
        [7, [7]],
        [8, [8]],
        [group, [7, 8]],
      ],
    });
    const messages = [await fixture.message(7), await fixture.message(8), await fixture.message(group)];
    await fixture.expire(created);
    for (const message of messages) {
      await expect.poll(() => message.text).toMatch(/^⌛ Expired/);
      expect(message.text).toContain("secret question");
      expect(message.buttons).toEqual([]);
    }
  });

  it("closes the chats that can be closed while another one is throttled", async () => {
    await fixture.start();
    const created = await fixture.ask({
      chats: [
        [7, [7]],
        [8, [8]],
      ],
    });
    const messages = [await fixture.message(7), await fixture.message(8)];
    fixture.telegram.fail("editMessageText", tooManyRequests(2));
    fixture.telegram.fail("editMessageText", { kind: "html" });
    await fixture.cancel(created);
    for (const message of messages) await expect.poll(() => message.text).toMatch(/^🚫 Cancelled/);
  });

  it("is shown although the answer to the edit was lost: the second edit changes nothing and counts", async () => {
    await fixture.start();
    const created = await fixture.ask();
    const message = await fixture.message();
    fixture.telegram.fail("editMessageText", { kind: "reset_after" });
    await fixture.cancel(created);
    const edits = () => fixture.telegram.calls.filter(({ method }) => method === "editMessageText").length;
    await expect.poll(edits).toBeGreaterThanOrEqual(2);
    expect(message).toMatchObject({ edits: 1, buttons: [] });
  });
});

describe("a copy that could not be closed", () => {
  it("because the bot was blocked closes at its next press", async () => {
    await fixture.start();
    const created = await fixture.ask();
    const message = await fixture.message();
    fixture.telegram.chats.refusing.set("7", new Refused(403, "Forbidden: bot was blocked by the user"));
    await fixture.cancel(created);
    const edits = () => fixture.telegram.calls.filter(({ method }) => method === "editMessageText").length;
    await expect.poll(edits).toBeGreaterThan(0);
    expect(message.buttons).not.toEqual([]);
    fixture.telegram.chats.refusing.delete("7");
    expect(await fixture.told(fixture.telegram.press(alice, message, "Approve"))).toContain("Withdrawn");
    await expect.poll(() => message.buttons).toEqual([]);
  });

  it("because it was not recorded closes when any person presses it, however often Telegram refuses", async () => {
    fixture.telegram.fail("sendMessage", { kind: "reset_after" });
    await fixture.start();
    const created = await fixture.ask({ chats: [[group, [7]]] });
    const [lost, recorded] = [await fixture.message(group, 0), await fixture.message(group, 1)];
    await fixture.cancel(created);
    await expect.poll(() => recorded.text).toMatch(/^🚫 Cancelled/);
    fixture.telegram.fail("editMessageText", tooManyRequests(1));
    fixture.telegram.fail("editMessageText", { kind: "html" });
    expect(await fixture.told(fixture.telegram.press(mallory, lost, "Approve"))).toContain("may not answer");
    await expect.poll(() => lost.text).toMatch(/^🚫 Cancelled/);
    expect(copiesOf(await fixture.set(created))).toHaveLength(2);
  });
});

it("someone who presses on and on costs no edit: others' questions need the rate", async () => {
  await fixture.start();
  const created = await fixture.ask();
  const message = await fixture.message();
  const data = message.buttons[0]![0]!.callback_data!;
  await fixture.cancel(created);
  await expect.poll(() => message.text).toMatch(/^🚫 Cancelled/);
  const queries = Array.from({ length: 40 }, () => fixture.telegram.press(alice, message, { data }));
  const told = await Promise.all(queries.map((query) => fixture.told(query)));
  expect(told.every((text) => text.includes("Withdrawn"))).toBe(true);
  fixture.telegram.say(alice, 7, "/help");
  await expect.poll(() => fixture.telegram.messagesIn(7)).toHaveLength(2);
  const edits = fixture.telegram.calls.filter(({ method }) => method === "editMessageText");
  expect(edits).toHaveLength(1);
});

it("each of many copies is closed by one edit, although each event and each retry asks for all", async () => {
  await fixture.start();
  const created = await fixture.ask();
  await fixture.message();
  await expect.poll(async () => copiesOf(await fixture.set(created))).toHaveLength(1);
  const endpoint = copiesOf(await fixture.set(created))[0]!.endpoint;
  const { send } = createBotApi({ token, apiRoot: fixture.telegram.apiRoot });
  for (let twin = 0; twin < 20; twin += 1) {
    const { message_id } = await send.sendMessage(7, "a copy that was not recorded");
    await fixture.requests.recordDelivered(created.event, { endpoint, copy: String(message_id) });
  }
  const edited = () =>
    fixture.telegram.calls
      .filter(({ method }) => method === "editMessageText")
      .map(({ payload }) => String(payload["message_id"]));
  await fixture.cancel(created);
  await expect.poll(() => new Set(edited()).size).toBe(21);
  expect(edited()).toHaveLength(21);
});

it("a process that ends between a message and its record leaves one twin; one decision closes both", async () => {
  fixture.faults.append = (subject) => subject.includes(".delivered.");
  await fixture.start();
  const created = await fixture.ask();
  const lost = await fixture.message();
  await fixture.close();
  await fixture.open();
  fixture.faults.append = () => false;
  await fixture.start();
  const recorded = await fixture.message(7, 1);
  const queries = [
    fixture.telegram.press(alice, lost, "Deny"),
    fixture.telegram.press(alice, recorded, "Approve"),
  ];
  const told = await Promise.all(queries.map((query) => fixture.told(query)));
  expect(told.filter((text) => text.startsWith("Recorded"))).toHaveLength(1);
  expect(told.filter((text) => text.startsWith("Already"))).toHaveLength(1);
  await fixture.decided(created);
  for (const message of [lost, recorded]) await expect.poll(() => message.buttons).toEqual([]);
  expect(recorded.text).toBe(lost.text);
  expect(fixture.telegram.messagesIn(7)).toHaveLength(2);
});

it("a changed client cannot close an open question with the data of a decided one", async () => {
  await fixture.start();
  const decided = await fixture.ask({ chats: [[group, [7]]], message: "the first" });
  const first = await fixture.message(group);
  const data = first.buttons.flat()[0]?.callback_data ?? "";
  await fixture.cancel(decided);
  await expect.poll(() => first.text).toMatch(/^🚫 Cancelled/);
  const open = await fixture.ask({ chats: [[group, [7]]], message: "the second" });
  const second = await fixture.message(group, 1);
  await fixture.told(fixture.telegram.press(mallory, second, { data }));
  await fixture.told(fixture.telegram.press(mallory, second, { data }));
  expect(second).toMatchObject({ edits: 0 });
  expect(await fixture.told(fixture.telegram.press(alice, second, "Approve"))).toBe("Recorded: Approve");
  expect(await fixture.decided(open)).toMatchObject({ kind: "answered" });
  expect(copiesOf(await fixture.set(decided))).toHaveLength(1);
});
