import { failedEndpointsOf } from "@loopgate/domain";
import { person, Refused } from "@loopgate/testing";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { type NotifierFixture, openFixture } from "./support/notifier.ts";
import { bot } from "./support/secrets.ts";

const alice = person(7);
const [group, supergroup] = [-4500, -1_000_000_004_500];
const outageNoteMs = 3_200;
let fixture: NotifierFixture;
beforeEach(async () => {
  fixture = await openFixture({ leaseMs: 1_600, outageNoteMs });
});
const channels = () => fixture.bus.keyValue.bucket("channels");
const heard = async () => (await (await channels()).get(`telegram_${bot}.heard`))?.value;
const notesIn = (chat: number) =>
  fixture.telegram.messagesIn(chat).filter(({ text }) => text.startsWith("📴 I was offline"));
const listed = async (count: number) =>
  expect
    .poll(async () => {
      const page = await fixture.queries.list({ tenant: "default", limit: 100 });
      const known = page.kind === "page" ? page.requests : [];
      return known.filter(({ view }) => view.delivery === "delivered").length;
    })
    .toBe(count);

/** Lets the bot be heard, and ends everything. */
async function stop(): Promise<void> {
  await expect.poll(heard).toBeDefined();
  await fixture.close();
  await fixture.open();
}

/** The bot was out of contact for longer than the limit of the notice. */
function outage(): void {
  fixture.clockOffsetMs += 10 * outageNoteMs;
}

/** Waits until the bot was heard again, and once more. */
async function heardAgain(): Promise<void> {
  for (let n = 0; n < 2; n++) {
    const last = await heard();
    await expect.poll(heard).not.toBe(last);
  }
}

describe("after an outage", () => {
  it("each chat is told once which of its questions are still open", async () => {
    await fixture.start();
    await fixture.ask({ message: "asked of Alice" });
    await fixture.ask({ message: "asked of the group", chats: [[group, [7]]] });
    await fixture.ask({ message: "asked in a chat that is no longer allowed", chats: [[8, [8]]] });
    fixture.telegram.chats.refusing.set("10", new Refused(403, "Forbidden: bot was blocked by the user"));
    const missed = await fixture.ask({ message: "never got there", chats: [[10, [10]]] });
    await expect.poll(async () => failedEndpointsOf(await fixture.set(missed)).size).toBe(1);
    fixture.telegram.chats.refusing.clear();
    await fixture.cancel(await fixture.ask({ message: "withdrawn", chats: [[9, [9]]] }));
    await listed(3);
    await stop();
    outage();
    fixture.policy = { ...fixture.policy, allowedChats: ["7", "10", String(group)] };
    await fixture.start("one");
    await fixture.start("two");
    await expect.poll(() => notesIn(7).length + notesIn(group).length).toBe(2);
    const [note] = notesIn(7);
    expect(note?.text).toMatch(
      /^📴 I was offline from .* UTC to .* UTC\. If you answered meanwhile and a question's message has not changed, please answer again\. Still open here:\n\n🔐 Approval · #[0-9A-F]{4}\ndeploy-bot: asked of Alice\n⏳ Expires/,
    );
    expect(note?.text).not.toMatch(/group|withdrawn/);
    expect([9, 8, 10].flatMap(notesIn)).toEqual([]);
    await heardAgain();
    expect([notesIn(7).length, notesIn(group).length]).toEqual([1, 1]);
  });

  it("the next holder of the lease does not repeat the notice", async () => {
    await fixture.start();
    await fixture.ask();
    await listed(1);
    await stop();
    outage();
    const first = await fixture.start("one");
    await fixture.start("two");
    await expect.poll(() => notesIn(7)).toHaveLength(1);
    await first[Symbol.asyncDispose]();
    await heardAgain();
    expect(notesIn(7)).toHaveLength(1);
  });

  it("of Telegram itself, with the process alive, the chats are told as well", async () => {
    await fixture.start();
    await fixture.ask();
    await listed(1);
    await expect.poll(heard).toBeDefined();
    for (const method of ["getUpdates", "getMe"]) fixture.telegram.fail(method, { kind: "html" }, 1_000);
    const message = await fixture.message();
    fixture.telegram.press(alice, message, { data: "ends the poll that waits" });
    const looks = () =>
      fixture.logged.filter((line) => line.includes("the channel is out of contact")).length;
    await expect.poll(looks).toBeGreaterThan(0);
    outage();
    const before = looks();
    await expect.poll(looks).toBeGreaterThan(before + 1);
    expect(notesIn(7)).toEqual([]);
    fixture.telegram.faults.clear();
    fixture.telegram.press(alice, message, { data: "ends the first poll that works" });
    await expect.poll(() => notesIn(7)).toHaveLength(1);
  });

  it("a group that has moved is told where it is now", async () => {
    await fixture.start();
    await fixture.ask({ chats: [[group, [7]]] });
    await listed(1);
    await stop();
    fixture.telegram.migrate(group, supergroup);
    outage();
    await fixture.start();
    await expect.poll(() => notesIn(supergroup)).toHaveLength(1);
  });

  it("a chat that can't be told now is told later, and one that never can holds up no other", async () => {
    await fixture.start();
    await fixture.ask({
      chats: [
        [7, [7]],
        [8, [8]],
        [9, [9]],
      ],
    });
    await listed(1);
    await stop();
    outage();
    fixture.telegram.chats.refusing.set("8", new Refused(403, "Forbidden: bot was blocked by the user"));
    fixture.telegram.fail("sendMessage", { kind: "html" });
    await fixture.start();
    await expect.poll(() => notesIn(7).length + notesIn(9).length).toBe(2);
    expect(notesIn(8)).toEqual([]);
  });

  it("the notice waits for a list that gets no answer yet", async () => {
    await fixture.start();
    await fixture.ask();
    await listed(1);
    await stop();
    outage();
    fixture.faults.queries = true;
    await fixture.start();
    await expect.poll(() => fixture.logged.join("")).toContain("was out of contact for longer");
    fixture.faults.queries = false;
    await expect.poll(() => notesIn(7)).toHaveLength(1);
  });

  it.each([
    ["a short one", () => undefined],
    ["one before the first question", outage],
  ])("nobody is told of %s", async (kind, happens) => {
    await fixture.start();
    if (kind === "a short one") await fixture.ask();
    await stop();
    happens();
    await fixture.start();
    await heardAgain();
    expect(notesIn(7)).toEqual([]);
  });
});

describe("with a lease that is seldom renewed", () => {
  const leaseMs = 8_000;
  beforeEach(async () => {
    fixture = await openFixture({ leaseMs, outageNoteMs });
  });
  const notes = () => fixture.telegram.messagesIn(7).filter(({ text }) => text.startsWith("📴"));

  it("an outage in which the process was frozen is told once it has its lease anew", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    onTestFinished(() => void vi.useRealTimers());
    await fixture.start();
    await fixture.ask();
    await fixture.message();
    const heard = async () => (await fixture.bus.keyValue.bucket("channels")).get(`telegram_${bot}.heard`);
    await expect.poll(heard).toBeDefined();
    fixture.clockOffsetMs = 60_000;
    vi.advanceTimersByTime(leaseMs);
    await expect.poll(notes).not.toEqual([]);
  });
});
