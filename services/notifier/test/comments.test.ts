import { requestDetailsOf, viewOf } from "@loopgate/domain";
import { person } from "@loopgate/testing";
import type { ShownMessage } from "@loopgate/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { callbackData } from "../src/channels/telegram/rendering/callback-data.ts";
import { type NotifierFixture, openFixture } from "./support/notifier.ts";

const [alice, bob, mallory] = [person(7), person(8, "Bob", "Stone"), person(666, "Mallory", "M")];
const group = -100500;
let fixture: NotifierFixture;
beforeEach(async () => {
  fixture = await openFixture();
});

/** Alice comments on a question. */
async function comment(text = "not on Friday", options: Parameters<typeof fixture.ask>[0] = {}) {
  await fixture.start();
  const created = await fixture.ask({ chats: [[group, [7, 8]]], ...options });
  const message = await fixture.message(group);
  fixture.telegram.reply(alice, message, text);
  return { created, message, offer: await fixture.message(group, 1) };
}
const labelsOn = ({ buttons }: ShownMessage) => buttons.flat().map(({ text }) => text);
const viewed = async (created: Parameters<typeof fixture.set>[0]) => viewOf(await fixture.set(created));

describe("text in reply to a question with buttons", () => {
  it.each([
    ["words", "not on Friday"],
    ["the label of a button", "Approve"],
    ["several lines with odd characters", "wait:\n\n👨‍👩‍👧‍👦 e\u0301 שלום <b>@alice</b>\u200B"],
    ["a command with text", "/status is what I need first"],
  ])("decides nothing; a press on the repeated buttons decides with it: %s", async (_, text) => {
    const { created, message, offer } = await comment(text);
    expect(offer.text).toMatch(/^💬 [^]*decides nothing by itself/);
    expect(labelsOn(offer)).toEqual(["Approve, with your comment", "Deny, with your comment"]);
    expect(await fixture.decision(created)).toBeUndefined();
    const query = fixture.telegram.press(alice, offer, "Deny, with your comment");
    expect(await fixture.told(query)).toBe("Recorded: Deny, with your comment");
    expect(await fixture.decision(created)).toMatchObject({
      answer: { type: "option", value: "Deny", effect: "deny", comment: text },
      by: { id: "telegram:7" },
    });
    expect(await viewed(created)).toMatchObject({ outcome: "denied", response: "Deny", comment: text });
    await expect.poll(() => message.text).toMatch(/^❌ Denied[^]*\nDeny\n💬 [^]*\nAlice Weber/);
    await expect.poll(() => offer.buttons).toEqual([]);
    expect(offer.text).toMatch(/^❌ Denied · #/);
  });

  it("is repeated with the numbers of many options", async () => {
    const options = Array.from({ length: 12 }, (_, n) => `region ${n + 1}`);
    const { created, offer } = await comment("the near one", { options });
    expect(labelsOn(offer)).toEqual(options.map((_, n) => String(n + 1)));
    for (const [n, label] of options.entries()) expect(offer.text).toContain(`${n + 1}. ${label}`);
    fixture.telegram.press(alice, offer, "12");
    expect(await fixture.decided(created)).toMatchObject({
      answer: { value: "region 12", comment: "the near one" },
    });
  });

  it("of 4,096 characters is a comment to the last of them", async () => {
    const text = "👍".repeat(2_047) + "ok";
    const { created, offer } = await comment(text);
    fixture.telegram.press(alice, offer, "Approve, with your comment");
    expect(await fixture.decided(created)).toMatchObject({ answer: { comment: text } });
    await expect.poll(() => offer.text).toMatch(/^✅ Approved/);
  });

  it("pings no one where it is repeated", async () => {
    const { created, message, offer } = await comment("ask @carol_x");
    expect(offer.text).toContain("ask @\u2060carol_x");
    fixture.telegram.press(alice, offer, "Approve, with your comment");
    await fixture.decided(created);
    await expect.poll(() => message.text).toContain("💬 ask @\u2060carol_x");
  });

  it.each([
    ["a stranger", mallory, "not on Friday", "may not answer|Only the people"],
    ["a blank", alice, " \n ", "with one of the buttons"],
  ])("by or of %s is no comment", async (_, who, text, words) => {
    await fixture.start();
    const created = await fixture.ask({ chats: [[group, [7]]] });
    fixture.telegram.reply(who, await fixture.message(group), text);
    const told = await fixture.message(group, 1);
    expect(told.text).toMatch(new RegExp(words));
    expect(told.buttons).toEqual([]);
    expect(await fixture.decision(created)).toBeUndefined();
  });

  it("after the decision is told who decided, and gets no buttons", async () => {
    await fixture.start();
    const created = await fixture.ask();
    const message = await fixture.message();
    await fixture.told(fixture.telegram.press(alice, message, "Approve"));
    fixture.telegram.reply(alice, message, "not on Friday");
    const told = await fixture.message(7, 1);
    expect(told.text).toContain("Already approved by Alice Weber");
    expect(told.buttons).toEqual([]);
    expect(await viewed(created)).not.toHaveProperty("comment");
  });

  it("after the end is told that the question has expired", async () => {
    await fixture.start();
    const [created, message] = await fixture.askUntilItEnds();
    fixture.telegram.reply(alice, message, "not on Friday");
    expect((await fixture.message(7, 1)).text).toContain("Expired");
    expect(await fixture.decision(created)).toMatchObject({ kind: "expired" });
  });

  it("in reply to the repeated comment is a new comment on the same question", async () => {
    const { created, offer } = await comment("not on Friday");
    fixture.telegram.reply(alice, offer, "on Monday");
    const second = await fixture.message(group, 2);
    expect(second.text).toMatch(/^💬 on Monday/);
    fixture.telegram.press(alice, second, "Deny, with your comment");
    expect(await fixture.decided(created)).toMatchObject({ answer: { comment: "on Monday" } });
    for (const closed of [offer, second]) await expect.poll(() => closed.text).toMatch(/^❌ Denied/);
  });
});

describe("the buttons of a comment", () => {
  it("are the commenter's own", async () => {
    const { created, offer } = await comment();
    for (const [who, words] of [
      [bob, "for the person whose comment"],
      [mallory, "for the person whose comment"],
      [{ ...alice, is_bot: true }, "Only people"],
    ] as const) {
      const query = fixture.telegram.press(who, offer, "Approve, with your comment");
      expect(await fixture.told(query)).toContain(words);
    }
    expect(await fixture.decision(created)).toBeUndefined();
    expect(labelsOn(offer)).toHaveLength(2);
  });

  it("work for no one who may not answer any more", async () => {
    const { created, offer } = await comment();
    fixture.policy = { ...fixture.policy, responders: ["8"] };
    const query = fixture.telegram.press(alice, offer, "Approve, with your comment");
    expect(await fixture.told(query)).toContain("may not answer");
    expect(await fixture.decision(created)).toBeUndefined();
  });

  it.each([
    ["of another update", (data: string) => `${data.slice(0, 30)}zz`],
    ["of no update", (data: string) => data.slice(0, 30)],
    ["of a plain button with an update", (data: string) => `a${data.slice(1)}`],
  ])("carry no comment with the data %s", async (_, forge) => {
    const { created, offer } = await comment();
    const data = forge(offer.buttons.flat()[0]?.callback_data ?? "");
    expect(await fixture.told(fixture.telegram.press(alice, offer, { data }))).toMatch(
      /no longer have this comment|not one of mine/,
    );
    expect(await fixture.decision(created)).toBeUndefined();
  });

  it("carry no comment to another question", async () => {
    const { offer } = await comment();
    const other = await fixture.ask({ chats: [[group, [7, 8]]] });
    const update = Number.parseInt(offer.buttons.flat()[0]?.callback_data?.slice(30) ?? "", 36);
    const data = callbackData(other.event, 0, update);
    const query = fixture.telegram.press(alice, await fixture.message(group, 2), { data });
    expect(await fixture.told(query)).toContain("no longer have this comment");
    expect(await fixture.decision(other)).toBeUndefined();
  });

  it("work after a restart, and when the comment itself is gone", async () => {
    const { created, offer } = await comment();
    await fixture.close();
    await fixture.open();
    await fixture.start();
    fixture.telegram.press(alice, offer, "Deny, with your comment");
    expect(await fixture.decided(created)).toMatchObject({ answer: { comment: "not on Friday" } });
  });

  it("are closed when the original's button decides, which carries no comment", async () => {
    const { created, message, offer } = await comment();
    const old = { ...offer };
    expect(await fixture.told(fixture.telegram.press(alice, message, "Approve"))).toBe("Recorded: Approve");
    expect(await fixture.decision(created)).toMatchObject({ answer: { value: "Approve" } });
    expect(await viewed(created)).not.toHaveProperty("comment");
    await expect.poll(() => offer.text).toMatch(/^✅ Approved · #[^]*Alice Weber/);
    expect(offer.buttons).toEqual([]);
    expect(await fixture.told(fixture.telegram.press(alice, old, "Approve, with your comment"))).toContain(
      "Your answer changed nothing",
    );
    expect(await viewed(created)).not.toHaveProperty("comment");
  });

  it("pressed twice are told as recorded", async () => {
    const { offer } = await comment();
    const old = { ...offer };
    await fixture.told(fixture.telegram.press(alice, offer, "Deny, with your comment"));
    expect(await fixture.told(fixture.telegram.press(alice, old, "Deny, with your comment"))).toBe(
      "Already recorded: Deny, with your comment",
    );
  });

  it("leave no copy of the question behind", async () => {
    const { created, offer } = await comment();
    fixture.telegram.press(alice, offer, "Deny, with your comment");
    await fixture.decided(created);
    await expect.poll(() => offer.buttons).toEqual([]);
    const delivered = Object.keys(await fixture.set(created)).filter((key) => key.startsWith("delivered"));
    expect(delivered).toHaveLength(1);
    expect(requestDetailsOf(await fixture.set(created))?.view.comment).toBe("not on Friday");
  });
});
