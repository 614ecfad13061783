import { copiesOf, failedEndpointsOf } from "@loopgate/domain";
import { describe, expect, it } from "vitest";
import { ChannelSetting, leaseMs } from "./channel-setting.ts";
import type { ChannelUnderTest, Place } from "./channel-under-test.ts";

/** What a notifier promises over every channel. */
export function channelContract(open: () => Promise<ChannelUnderTest>): void {
  const here = ChannelSetting.use(open);
  const tooMuch = "漢".repeat(3_500);
  const isDelivered = (subject: string) => subject.includes(".delivered.");

  const expectRecorded = (created: Awaited<ReturnType<typeof here.ask>>, count: number) =>
    expect.poll(async () => copiesOf(await here.set(created)).length).toBe(count);
  const expectClosed = (place: Place, count = 1) =>
    expect.poll(() => here.openAt(place)).toEqual(Array.from({ length: count }, () => false));

  describe("a question", () => {
    it("is shown at each place, and each copy is recorded as delivered", async () => {
      await here.start();
      const created = await here.ask({ places: ["alice", "room"] });
      const copies = [await here.copy("alice"), await here.copy("room")];
      for (const { text, isOpen } of copies)
        expect([text, isOpen]).toEqual([expect.stringContaining("Restart orders-prod?"), true]);
      await expectRecorded(created, 2);
      const ids = copiesOf(await here.set(created)).map(({ copy }) => copy);
      expect(ids.sort()).toEqual(copies.map(({ id }) => id).sort());
    });

    it("that was asked while no notifier ran is shown after the start", async () => {
      const created = await here.ask();
      await here.start();
      await here.copy();
      await expectRecorded(created, 1);
    });

    it("of several at one place is shown in the order of asking, whichever is read first", async () => {
      const messages = Array.from({ length: 6 }, (_, n) => `number ${n}.`);
      const { promise: lastIsRead, resolve } = Promise.withResolvers<void>();
      using held = new DisposableStack();
      held.defer(resolve);
      const read = new Set<string>();
      here.beforeRead = (prefix) => {
        if (read.add(prefix).size === messages.length) resolve();
        return prefix === [...read][0] ? lastIsRead : undefined;
      };
      for (const message of messages) await here.ask({ message, places: ["room"] });
      await here.start();
      await here.copy("room", messages.length - 1);
      const shown = here.channel.copiesAt("room").map(({ text }) => /number \d\./.exec(text)?.[0]);
      expect(shown).toEqual(messages);
    });

    it("of another client comes at most two messages after it was asked, whatever flood is before it", async () => {
      const { promise: isRead, resolve: release } = Promise.withResolvers<undefined>();
      using held = new DisposableStack();
      held.defer(() => release(undefined));
      here.failsAppend = (subject) => (isDelivered(subject) ? isRead : undefined);
      await here.start();
      const flood = new Set<string>();
      for (let n = 0; n < 500; n++)
        flood.add((await here.ask({ client: "flood-bot", places: ["room"] })).subject);
      await here.copy("room");
      const before = here.channel.copiesAt("room").length;
      here.beforeRead = (prefix) => {
        if (!flood.has(prefix.split(".").at(-1)!)) release(undefined);
        return undefined;
      };
      await here.ask({ client: "urgent-bot", message: "Urgent?", places: ["room"] });
      const shown = () => here.channel.copiesAt("room").findIndex(({ text }) => text.includes("Urgent?"));
      await expect.poll(shown, { timeout: 20_000 }).toBeGreaterThanOrEqual(0);
      expect(shown() - before).toBeLessThan(2);
    });

    it("at a place that can never be reached is recorded as undelivered, with a reason", async () => {
      await here.start();
      const created = await here.ask({ places: ["nowhere", "alice"] });
      await here.copy("alice");
      const { endpoint } = here.channel.recipientAt("nowhere", []);
      await expect.poll(async () => [...failedEndpointsOf(await here.set(created))]).toEqual([endpoint]);
      const events = Object.values(await here.set(created)).map(({ event }) => event.data);
      expect(events).toContainEqual({ endpoint, reason: expect.stringMatching(/^[a-z_]+$/) });
    });
  });

  describe("an answer", () => {
    it.each([
      ["by an option", ["Approve", "Deny"], { option: "Approve" }, { value: "Approve", effect: "approve" }],
      ["by typed text", [], { text: "ship it" }, { type: "text", text: "ship it" }],
    ] as const)("%s is committed, and shown only after the commit", async (_, labels, choice, answer) => {
      const { promise: committing, resolve: commit } = Promise.withResolvers<undefined>();
      using held = new DisposableStack();
      held.defer(() => commit(undefined));
      let attempts = 0;
      here.failsAppend = (subject) =>
        subject.endsWith(".decided") && ++attempts > 0 ? committing : undefined;
      await here.start();
      const created = await here.ask({ labels });
      const copy = await here.copy();
      const told = here.channel.answer("alice", "alice", copy, choice);
      await expect.poll(() => attempts).toBe(1);
      await here.ask({ places: ["room"] });
      await here.copy("room");
      expect([told(), here.openAt("alice")]).toEqual([[], [true]]);
      held.dispose();
      await expectClosed("alice");
      expect(await here.decision(created)).toMatchObject({
        kind: "answered",
        answer,
        by: { type: "human", id: here.channel.recipientAt("alice", ["alice"]).responders[0] },
      });
    });

    it("that the log does not accept is told as not saved, and counts once the log does", async () => {
      let failures = 0;
      here.failsAppend = (subject) => (subject.endsWith(".decided") && failures++ < 2 ? "before" : undefined);
      await here.start();
      const created = await here.ask();
      const told = here.channel.answer("alice", "alice", await here.copy(), { option: "Deny" });
      await expect.poll(told).toEqual(["not_saved", "recorded"]);
      expect(await here.decision(created)).toMatchObject({ answer: { value: "Deny" } });
    });

    it.each(["before", "after"] as const)(
      "whose storing failed %s it was stored counts once",
      async (when) => {
        let failures = 0;
        here.failsAppend = (subject) => (subject.endsWith(".in") && failures++ === 0 ? when : undefined);
        await here.start();
        const created = await here.ask();
        const told = here.channel.answer("alice", "alice", await here.copy(), { option: "Approve" });
        await expect.poll(told).toEqual(["recorded"]);
        await here.ask({ places: ["room"] });
        const copy = await here.copy("room");
        await expect
          .poll(here.channel.answer("alice", "room", copy, { option: "Deny" }))
          .toEqual(["recorded"]);
        expect(told()).toEqual(["recorded"]);
        expect(await here.decision(created)).toMatchObject({ answer: { value: "Approve" } });
      },
    );

    it("that can never be stored is set aside without its text, its sender is told, and the next one counts", async () => {
      here.maxEventBytes = 8_000;
      await here.start();
      const created = await here.ask({ labels: [] });
      const copy = await here.copy();
      const told = here.channel.answer("alice", "alice", copy, { text: tooMuch });
      await expect.poll(told).toEqual(["not_handled"]);
      expect(await here.decision(created)).toBeUndefined();
      here.channel.answer("alice", "alice", copy, { text: "ship it" });
      await expectClosed("alice");
      expect(await here.decision(created)).toMatchObject({ answer: { text: "ship it" } });
      const { channel: name } = here.channel.recipientAt("alice", []);
      const letters = await here.deadLetters();
      expect(letters).toEqual([
        expect.objectContaining({
          consumer: `intake-${name}-${here.channel.account}`,
          kind: expect.any(String),
          size: expect.toSatisfy((size: number) => size > 10_500),
          error: expect.stringContaining("too large"),
        }),
      ]);
      expect(JSON.stringify(letters)).not.toContain("漢");
    });

    it("that can never be stored is confirmed once its dead letter is stored", async () => {
      let failures = 0;
      here.failsAppend = (subject) => (subject.includes(".dlq.") && failures++ < 2 ? "before" : undefined);
      here.maxEventBytes = 8_000;
      await here.start();
      await here.ask({ labels: [] });
      const told = here.channel.answer("alice", "alice", await here.copy(), {
        text: tooMuch,
      });
      await expect.poll(told).toEqual(["not_handled"]);
      expect(await here.deadLetters()).toHaveLength(1);
      expect(failures).toBe(3);
    });

    it.each([
      ["a stranger", "mallory"],
      ["a person whom this question does not name", "bob"],
    ] as const)("of %s is rejected", async (_, who) => {
      await here.start();
      const created = await here.ask({ places: ["room"], responders: ["alice"] });
      const copy = await here.copy("room");
      const told = here.channel.answer(who, "room", copy, { option: "Approve" });
      await expect.poll(told).toEqual(["rejected"]);
      expect(await here.decision(created)).toBeUndefined();
      expect(here.openAt("room")).toEqual([true]);
    });

    it("at a place where the question was not asked is rejected", async () => {
      await here.start();
      const created = await here.ask({ places: ["room"] });
      await here.ask({ places: ["alice"] });
      const button = here.channel.buttonOf(created, 0);
      const told = here.channel.answer("alice", "alice", await here.copy("alice"), { button });
      await expect.poll(told).toEqual(["rejected"]);
      expect(await here.decision(created)).toBeUndefined();
    });

    it("after another one is told who was first; the same again is told as recorded", async () => {
      await here.start();
      const created = await here.ask({ places: ["room"] });
      const copy = await here.copy("room");
      const [approve, deny] = [0, 1].map((option) => ({ button: here.channel.buttonOf(created, option) }));
      const answer = (person: "alice" | "bob", choice = approve) =>
        here.channel.answer(person, "room", copy, choice!);
      await expect.poll(answer("alice")).toEqual(["recorded"]);
      await expect.poll(answer("alice")).toEqual(["already_recorded"]);
      await expect.poll(answer("alice", deny)).toEqual(["already_decided"]);
      await expect.poll(answer("bob")).toEqual(["already_decided"]);
      expect(await here.decision(created)).toMatchObject({ answer: { value: "Approve" } });
    });

    it("by a button of an older question with the same id decides nothing", async () => {
      await here.start();
      const created = await here.ask();
      const time = new Date(Date.parse(created.time) - 1_000).toISOString();
      const button = here.channel.buttonOf({ ...created, time }, 0);
      const told = here.channel.answer("alice", "alice", await here.copy(), { button });
      await expect.poll(told).toEqual(["rejected"]);
      expect(await here.decision(created)).toBeUndefined();
    });

    it("that was sent while no notifier ran counts after the start", async () => {
      await here.start();
      const created = await here.ask();
      const copy = await here.copy();
      await expectRecorded(created, 1);
      await here.stop();
      const told = here.channel.answer("alice", "alice", copy, { option: "Approve" });
      await here.start();
      await expect.poll(told).toEqual(["recorded"]);
      await expectClosed("alice");
    });
  });

  describe("a decision that was made elsewhere closes every copy", () => {
    it.each(["cancel", "expire"] as const)("by %s", async (end) => {
      await here.start();
      const created = await here.ask({ places: ["alice", "room"] });
      await here.copy("alice");
      await here.copy("room");
      await expectRecorded(created, 2);
      await here[end](created);
      await expectClosed("alice");
      await expectClosed("room");
    });

    it("after the next start, if no notifier ran", async () => {
      await here.start();
      const created = await here.ask();
      await here.copy();
      await expectRecorded(created, 1);
      await here.stop();
      await here.cancel(created);
      await here.start();
      await expectClosed("alice");
    });
  });

  describe("a message that was sent and could not be recorded", () => {
    it("is recorded later, not sent again, and closed", async () => {
      let failures = 0;
      here.failsAppend = (subject) => (isDelivered(subject) && failures++ === 0 ? "before" : undefined);
      await here.start();
      const created = await here.ask();
      await expectRecorded(created, 1);
      await here.cancel(created);
      await expectClosed("alice");
    });

    it("before its process ended is one copy more; an answer to it counts, and both are closed", async () => {
      here.failsAppend = (subject) => (isDelivered(subject) ? "before" : undefined);
      await here.start();
      const created = await here.ask();
      const lost = await here.copy();
      await here.stop();
      here.failsAppend = () => undefined;
      await here.start();
      await here.copy("alice", 1);
      await expectRecorded(created, 1);
      const told = here.channel.answer("alice", "alice", lost, { option: "Approve" });
      await expect.poll(told).toEqual(["recorded"]);
      await expectClosed("alice", 2);
      expect(copiesOf(await here.set(created))).toHaveLength(2);
    });
  });

  it("of two notifiers of one account, one sends, and the other takes over when it stops", async () => {
    const senders: string[] = [];
    here.failsAppend = (subject, holder) => {
      if (isDelivered(subject)) senders.push(holder);
      return undefined;
    };
    const first = await here.start("one");
    await here.start("two");
    for (let n = 0; n < 6; n++) await expectRecorded(await here.ask(), 1);
    await first[Symbol.asyncDispose]();
    await expectRecorded(await here.ask(), 1);
    expect(senders).toEqual([...Array.from({ length: 6 }, () => "one"), "two"]);
    expect(here.openAt("alice")).toHaveLength(7);
  });

  it("a notifier sends only with the lease of its account, which a dead process keeps until it expires", async () => {
    const died = Date.now();
    await here.leaseToDeadProcess();
    await here.start();
    await here.ask();
    await here.copy();
    expect(Date.now() - died).toBeGreaterThanOrEqual(leaseMs);
  });

  it("after an outage, a place with open questions is told once", async () => {
    await here.start();
    await expectRecorded(await here.ask(), 1);
    await expect.poll(() => here.lastContact()).toBeDefined();
    await here.stop();
    here.outage();
    await here.start();
    await expect.poll(() => here.channel.noticesAt("alice").length).toBe(1);
    for (let n = 0; n < 2; n++) {
      const last = await here.lastContact();
      await expect.poll(() => here.lastContact()).not.toBe(last);
    }
    expect(here.channel.noticesAt("alice")).toHaveLength(1);
    expect(here.channel.noticesAt("room")).toEqual([]);
  });
}
