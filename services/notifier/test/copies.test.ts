import { copiesOf } from "@loopgate/domain";
import { person, Refused, tooManyRequests } from "@loopgate/testing";
import { describe, expect, it } from "vitest";
import { NotifierSetting } from "./support/notifier.ts";

const [alice, mallory] = [person(7), person(666, "Mallory", "M")];
const group = -100500;
const here = NotifierSetting.use();

describe("the end of a question", () => {
  it("by silence closes every copy in every chat", async () => {
    await here.start();
    const created = await here.ask({
      chats: [
        [7, [7]],
        [8, [8]],
        [group, [7, 8]],
      ],
    });
    const messages = [await here.message(7), await here.message(8), await here.message(group)];
    await here.expire(created);
    for (const message of messages) {
      await expect.poll(() => message.text).toMatch(/^⌛ Expired/);
      expect(message.text).toContain("secret question");
      expect(message.buttons).toEqual([]);
    }
  });

  it("closes the chats that can be closed while another one is throttled", async () => {
    await here.start();
    const created = await here.ask({
      chats: [
        [7, [7]],
        [8, [8]],
      ],
    });
    const messages = [await here.message(7), await here.message(8)];
    here.telegram.fail("editMessageText", tooManyRequests(2));
    here.telegram.fail("editMessageText", { kind: "html" });
    await here.cancel(created);
    for (const message of messages) await expect.poll(() => message.text).toMatch(/^🚫 Cancelled/);
  });

  it("is shown although the answer to the edit was lost: the second edit changes nothing and counts", async () => {
    await here.start();
    const created = await here.ask();
    const message = await here.message();
    here.telegram.fail("editMessageText", { kind: "reset_after" });
    await here.cancel(created);
    const edits = () => here.telegram.calls.filter(({ method }) => method === "editMessageText").length;
    await expect.poll(edits).toBeGreaterThanOrEqual(2);
    expect(message).toMatchObject({ edits: 1, buttons: [] });
  });
});

describe("a copy that could not be closed", () => {
  it("because the bot was blocked closes at its next press", async () => {
    await here.start();
    const created = await here.ask();
    const message = await here.message();
    here.telegram.chats.refusing.set("7", new Refused(403, "Forbidden: bot was blocked by the user"));
    await here.cancel(created);
    const edits = () => here.telegram.calls.filter(({ method }) => method === "editMessageText").length;
    await expect.poll(edits).toBeGreaterThan(0);
    expect(message.buttons).not.toEqual([]);
    here.telegram.chats.refusing.delete("7");
    expect(await here.told(here.telegram.press(alice, message, "Approve"))).toContain("Withdrawn");
    await expect.poll(() => message.buttons).toEqual([]);
  });

  it("because nobody knew of it closes at its press, whoever presses, however often Telegram refuses", async () => {
    here.telegram.fail("sendMessage", { kind: "reset_after" });
    await here.start();
    const created = await here.ask({ chats: [[group, [7]]] });
    const [lost, recorded] = [await here.message(group, 0), await here.message(group, 1)];
    await here.cancel(created);
    await expect.poll(() => recorded.text).toMatch(/^🚫 Cancelled/);
    here.telegram.fail("editMessageText", tooManyRequests(1));
    here.telegram.fail("editMessageText", { kind: "html" });
    expect(await here.told(here.telegram.press(mallory, lost, "Approve"))).toContain("may not answer");
    await expect.poll(() => lost.text).toMatch(/^🚫 Cancelled/);
    expect(copiesOf(await here.set(created))).toHaveLength(2);
  });
});

it("a process that ends between a message and its record leaves one twin; one decision closes both", async () => {
  here.refusesAppend = (subject) => subject.includes(".delivered.");
  await here.start();
  const created = await here.ask();
  const lost = await here.message();
  await here.close();
  await here.open();
  here.refusesAppend = () => false;
  await here.start();
  const recorded = await here.message(7, 1);
  const queries = [here.telegram.press(alice, lost, "Deny"), here.telegram.press(alice, recorded, "Approve")];
  const told = await Promise.all(queries.map((query) => here.told(query)));
  expect(told.filter((text) => text.startsWith("Recorded"))).toHaveLength(1);
  expect(told.filter((text) => text.startsWith("Already"))).toHaveLength(1);
  await here.decided(created);
  for (const message of [lost, recorded]) await expect.poll(() => message.buttons).toEqual([]);
  expect(recorded.text).toBe(lost.text);
  expect(here.telegram.messagesIn(7)).toHaveLength(2);
});

it("a changed client cannot close an open question with the data of a decided one", async () => {
  await here.start();
  const decided = await here.ask({ chats: [[group, [7]]], message: "the first" });
  const first = await here.message(group);
  const data = first.buttons.flat()[0]?.callback_data ?? "";
  await here.cancel(decided);
  await expect.poll(() => first.text).toMatch(/^🚫 Cancelled/);
  const open = await here.ask({ chats: [[group, [7]]], message: "the second" });
  const second = await here.message(group, 1);
  await here.told(here.telegram.press(mallory, second, { data }));
  await here.told(here.telegram.press(mallory, second, { data }));
  expect(second).toMatchObject({ edits: 0 });
  expect(await here.told(here.telegram.press(alice, second, "Approve"))).toBe("Recorded: Approve");
  expect(await here.decided(open)).toMatchObject({ kind: "answered" });
  expect(copiesOf(await here.set(decided))).toHaveLength(1);
});
