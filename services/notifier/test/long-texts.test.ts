import { copiesOf } from "@loopgate/domain";
import { person, pingedBy, type ShownMessage, tooManyRequests } from "@loopgate/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { type NotifierFixture, openFixture } from "./support/notifier.ts";

const alice = person(7);
const group = -1_000_000_004_500;
let fixture: NotifierFixture;
beforeEach(async () => {
  fixture = await openFixture();
});
const letters = ["👍", "é", "𝔘", "x"];
const long = Array.from({ length: 16_000 }, (_, n) => (n % 80 === 79 ? "\n" : letters[n % 4])).join("");
const files = (chat = 7) =>
  fixture.telegram.messagesIn(chat).filter((message) => message.document !== undefined);
const questions = () => fixture.telegram.messagesIn(7).filter(({ buttons }) => buttons.length > 0);

/** The file that follows a question, once it is there. */
async function file(chat = 7): Promise<ShownMessage> {
  await expect.poll(() => files(chat).length).toBeGreaterThan(0);
  return files(chat)[0]!;
}

describe("a long question", () => {
  it("is a preview with the buttons, and a silent file with all of it as a reply", async () => {
    await fixture.start();
    const message = `${Array.from(long).slice(0, 15_900).join("")} the end`;
    const created = await fixture.ask({ message });
    const shown = await fixture.message();
    expect(shown.text).toContain(message.slice(0, 1_500));
    expect(shown.text).toMatch(/📎 In full \(\d\d,\d\d\d characters\) in the file below\./);
    expect(shown.buttons.flat().map(({ text }) => text)).toEqual(["Approve", "Deny"]);
    const { document, replyTo, isSilent, buttons } = await file();
    expect(document?.name).toMatch(/^question-[0-9A-F]{4}\.txt$/);
    expect(document?.text).toContain(message);
    expect({ replyTo, isSilent, buttons }).toEqual({ replyTo: shown.id, isSilent: true, buttons: [] });
    fixture.telegram.press(alice, shown, "Approve");
    expect(await fixture.decided(created)).toMatchObject({ kind: "answered" });
    await expect.poll(() => shown.text).toMatch(/^✅ Approved/);
    expect(shown.text).toContain("📎 In full");
    expect(files()).toHaveLength(1);
  });

  it("that fits a message has no file", async () => {
    await fixture.start();
    await fixture.ask({ message: "x".repeat(3_800) });
    await fixture.ask({ message: "x".repeat(4_100) });
    expect((await file()).replyTo).toBe(2);
    expect(files()).toHaveLength(1);
  });

  it("of a reply's kind is answered by a reply to its message", async () => {
    await fixture.start();
    const created = await fixture.ask({ message: long, options: [] });
    const shown = await fixture.message();
    fixture.telegram.reply(alice, await file(), "to the file");
    expect((await fixture.message(7, 2)).text).toContain("message with the question itself");
    fixture.telegram.reply(alice, shown, "yes");
    expect(await fixture.decided(created)).toMatchObject({ answer: { text: "yes" } });
  });

  it("gets its file also in a topic", async () => {
    fixture.telegram.chats.setTopic(group, 11);
    await fixture.start();
    await fixture.ask({ message: long, chats: [[group, [7], 11]] });
    const shown = await fixture.message(group);
    expect(await file(group)).toMatchObject({ replyTo: shown.id, thread: 11 });
  });

  it("gets its file beside it when its topic is gone", async () => {
    await fixture.start();
    await fixture.ask({ message: long, chats: [[group, [7], 11]] });
    const shown = await fixture.message(group);
    expect(await file(group)).toMatchObject({ replyTo: shown.id, thread: undefined });
  });

  it("that is decided before its file could be sent needs none", async () => {
    fixture.telegram.fail("sendDocument", tooManyRequests(1), 1_000);
    await fixture.start();
    const created = await fixture.ask({ message: long });
    const shown = await fixture.message();
    await expect
      .poll(() => fixture.telegram.calls.some(({ method }) => method === "sendDocument"))
      .toBe(true);
    await fixture.cancel(created);
    await expect.poll(() => shown.text).toMatch(/^🚫/);
    fixture.telegram.faults.clear();
    await fixture.ask({ message: `${long} again` });
    await file();
    expect(files()).toHaveLength(1);
    expect((await file()).replyTo).not.toBe(shown.id);
  });
});

describe("the file", () => {
  it.each([
    ["429", tooManyRequests(1)],
    ["an HTML 502", { kind: "html" } as const],
    ["a hang", { kind: "hang" } as const],
  ])("comes after %s, and the question stands once", async (_, fault) => {
    fixture.telegram.fail("sendDocument", fault);
    await fixture.start();
    await fixture.ask({ message: long });
    await file();
    expect(questions()).toHaveLength(1);
    expect(files()).toHaveLength(1);
  });

  it("whose answer is lost comes twice; the question does not", async () => {
    fixture.telegram.fail("sendDocument", { kind: "reset_after" });
    await fixture.start();
    await fixture.ask({ message: long });
    await expect.poll(() => files().length).toBe(2);
    expect(questions()).toHaveLength(1);
  });

  it("comes also when the process ends between the question and it, and the question is not repeated", async () => {
    fixture.telegram.fail("sendDocument", tooManyRequests(1), 1_000);
    await fixture.start();
    const created = await fixture.ask({ message: long });
    await fixture.message();
    await expect.poll(async () => copiesOf(await fixture.set(created)).length).toBe(1);
    await fixture.close();
    fixture.telegram.faults.clear();
    await fixture.open();
    await fixture.start();
    await file();
    expect(questions()).toHaveLength(1);
  });

  it("that Telegram does not take here is replaced by a warning", async () => {
    const description = "Bad Request: not enough rights to send documents to the chat";
    fixture.telegram.fail("sendDocument", { kind: "refuse", code: 400, description });
    await fixture.start();
    await fixture.ask({ message: long });
    expect((await fixture.message(7, 1)).text).toContain("do not approve");
    expect(files()).toEqual([]);
  });
});

describe("fifty options", () => {
  it("are numbered buttons over a list of all labels, and each decides what it says", async () => {
    await fixture.start();
    const labels = Array.from({ length: 50 }, (_, n) => `region ${n + 1}`);
    const created = await fixture.ask({ options: labels });
    const message = await fixture.message();
    expect(message.buttons.flat().map(({ text }) => text)).toEqual(labels.map((_, n) => String(n + 1)));
    for (const [n, label] of labels.entries()) expect(message.text).toContain(`${n + 1}. ${label}`);
    expect(await fixture.told(fixture.telegram.press(alice, message, "50"))).toBe("Recorded: region 50");
    expect(await fixture.decided(created)).toMatchObject({ answer: { value: "region 50" } });
    await expect.poll(() => message.text).toContain("region 50\nAlice Weber");
  });

  it("of 200 characters each are complete in the file", async () => {
    await fixture.start();
    const labels = Array.from({ length: 50 }, (_, n) => `${n}`.padStart(4, "n").padEnd(200, "👍"));
    await fixture.ask({ options: labels });
    expect((await fixture.message()).buttons.flat()).toHaveLength(50);
    const text = (await file()).document?.text;
    for (const label of labels) expect(text).toContain(label);
  });
});

describe("an odd text", () => {
  it.each([
    ["emoji and families", "👨‍👩‍👧‍👦🏳️‍🌈👍🏽", "👨‍👩‍👧‍👦🏳️‍🌈👍🏽"],
    ["combining marks", "e\u0301\u0323 Z\u0351\u036B\u0343", "e\u0301\u0323 Z\u0351\u036B\u0343"],
    ["right-to-left words", "שלום مرحبا abc", "שלום مرحبا abc"],
    ["marks that turn the rest around", "a\u202Eb\u2066c\u200Fd", "abcd"],
    ["control characters and tabs", "a\u0000b\u001Bc\td\u2028e\r\nf", "a b c    d\ne\nf"],
    ["halves of characters", "a\uD83Db\uDE00c", "a\uFFFDb\uFFFDc"],
    [
      "markup",
      "<b>x</b> *y* _z_ `q` [l](tg://user?id=1) &lt;",
      "<b>x</b> *y* _z_ `q` [l](tg://user?id=1) &lt;",
    ],
    ["links and commands", "https://evil.example/?q=1 /start #tag", "https://evil.example/?q=1 /start #tag"],
  ])("is shown as it may be: %s", async (_, message, expected) => {
    await fixture.start();
    const created = await fixture.ask({
      message,
      options: [message, "No"],
      metadata: { [message]: message },
    });
    const shown = await fixture.message();
    expect(shown.text).toContain(expected);
    expect(shown.previewsLinks).toBe(false);
    expect(shown.entities.map(({ type }) => type)).toEqual(["bold", "blockquote", "blockquote", "date_time"]);
    const [first] = shown.buttons.flat();
    fixture.telegram.press(alice, shown, { data: first?.callback_data ?? "" });
    expect(await fixture.decided(created)).toMatchObject({ kind: "answered" });
    await expect.poll(() => shown.text).toMatch(/^✅ Answered/);
  });

  it("pings no one, wherever a name is: in the question, its options, its metadata, the answer, the verdict", async () => {
    await fixture.start();
    const text = "ask @alice_w, (@bob_s) or\n@carol_x";
    const created = await fixture.ask({
      message: text,
      options: [text, ...Array.from({ length: 9 }, (_, n) => `@option_${n}`)],
      metadata: { "@key_k": text },
      chats: [[group, [7]]],
    });
    const shown = await fixture.message(group);
    expect(pingedBy(shown)).toEqual([]);
    await fixture.cancel(created, "because of @mallory");
    await expect.poll(() => shown.text).toContain("because of");
    expect(pingedBy(shown)).toEqual([]);
    const words = await fixture.ask({ options: [], chats: [[group, [7]]] });
    const asked = await fixture.message(group, 1);
    fixture.telegram.reply({ ...alice, last_name: "@weber" }, asked, "tell @dave_d");
    await fixture.decided(words);
    await expect.poll(() => asked.text).toContain("dave_d");
    expect(pingedBy(asked)).toEqual([]);
    expect(pingedBy({ ...shown, text: "hello @alice_w", entities: [] })).toEqual(["alice_w"]);
  });

  it("is an answer to the letter", async () => {
    await fixture.start();
    const created = await fixture.ask({ options: [] });
    const text = "👨‍👩‍👧‍👦 e\u0301 שלום <b>@alice</b>\n\n*ok*";
    fixture.telegram.reply(alice, await fixture.message(), text);
    expect(await fixture.decided(created)).toMatchObject({ answer: { type: "text", text } });
  });
});
