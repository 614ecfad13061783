import { copiesOf } from "@loopgate/domain";
import { person } from "@loopgate/testing";
import { afterEach, describe, expect, it, vi } from "vitest";
import { bot, NotifierSetting } from "./support/notifier.ts";

const alice = person(7);
const leaseMs = 2_400;
const here = NotifierSetting.use({ leaseMs });
const key = `telegram_${bot}`;
const leases = () => here.bus.keyValue.bucket("leases");
const holder = async () => (await (await leases()).get(key))?.value;

/** Another holder writes itself into the lease, as after a pause of this process. */
async function takeLeaseAway(by = "other"): Promise<void> {
  const standing = await (await leases()).get(key);
  const taken = await (await leases()).update(key, by, standing?.revision ?? 0);
  if (taken === undefined) await takeLeaseAway(by);
}

afterEach(() => {
  vi.useRealTimers();
});

describe("with two notifiers of one bot", () => {
  it("one polls and sends, and both answer", async () => {
    await here.start("one");
    await here.start("two");
    const created = await here.ask();
    const query = here.telegram.press(alice, await here.message(), "Approve");
    expect(await here.told(query)).toBe("Recorded: Approve");
    const renewed = (await (await leases()).get(key))?.revision ?? 0;
    await expect.poll(async () => (await (await leases()).get(key))?.revision).toBeGreaterThan(renewed + 3);
    expect(here.telegram.conflicts).toBe(0);
    expect(here.telegram.messagesIn(7)).toHaveLength(1);
    expect(await here.decided(created)).toMatchObject({ kind: "answered" });
  });

  it("the other takes over as soon as the first ends, and nothing is polled twice", async () => {
    const first = await here.start("one");
    await expect.poll(holder).toBe("one");
    await here.start("two");
    const created = await here.ask();
    const message = await here.message();
    await first[Symbol.asyncDispose]();
    here.telegram.press(alice, message, "Approve");
    expect(await here.decided(created)).toMatchObject({ kind: "answered" });
    expect(await holder()).toBe("two");
    expect(here.telegram.conflicts).toBe(0);
  });
});

it("a lease whose holder died is taken over once it runs out, not before", async () => {
  const died = Date.now();
  await (await leases()).create(key, "dead");
  await here.start();
  await here.ask();
  await here.message();
  expect(Date.now() - died).toBeGreaterThanOrEqual(leaseMs);
  expect(await holder()).toBe("test");
});

describe("with a lease that outlives the test", () => {
  const there = NotifierSetting.use({ leaseMs: 600_000 });

  it("a holder that comes back under its own name has it at once", async () => {
    await (await there.bus.keyValue.bucket("leases")).create(key, "test");
    await there.start();
    await expect.poll(() => there.telegram.calls.map(({ method }) => method)).toContain("getUpdates");
  });
});

it("whoever loses the lease stops polling and is no longer checked, and polls again when it is free", async () => {
  const notifier = await here.start();
  const [first, second] = [await here.ask(), await here.ask()];
  const [shown, later] = [await here.message(7, 0), await here.message(7, 1)];
  here.telegram.fail("getUpdates", { kind: "html" }, 1_000);
  here.telegram.press(alice, shown, "Approve");
  const problem = () =>
    notifier.check().then(
      () => "",
      (error: Error) => error.message,
    );
  await expect.poll(problem).not.toBe("");
  await takeLeaseAway();
  await expect.poll(() => here.logged.join("")).toContain("the lease was lost");
  const problemOfAnother = async () => {
    await takeLeaseAway();
    return problem();
  };
  await expect.poll(problemOfAnother).toBe("");
  here.telegram.press(alice, later, "Approve");
  here.telegram.faults.clear();
  for (const created of [first, second]) await here.decided(created);
  expect(await holder()).toBe("test");
});

it("whoever lost the lease interrupts nobody who polls by then; whoever stops confirms what it stored", async () => {
  const confirmations = () => here.telegram.calls.filter(({ payload }) => payload["limit"] === 1).length;
  await here.start();
  await here.ask();
  const query = here.telegram.press(alice, await here.message(), "Approve");
  await here.told(query);
  await takeLeaseAway();
  await expect.poll(() => here.logged.join("")).toContain("the lease was lost");
  await expect.poll(holder).toBe("test");
  expect(confirmations()).toBe(0);
  here.telegram.press(alice, await here.message(), { data: "again" });
  await expect.poll(() => here.telegram.answers.length).toBe(2);
  await here.close();
  expect(confirmations()).toBe(1);
  await here.open();
});

it("a lease that could not be renewed for a moment is kept", async () => {
  here.refusesLease = 2;
  await here.start();
  await expect.poll(() => here.refusesLease).toBe(0);
  await here.ask();
  await here.message();
  here.refusesLease = 1;
  await expect.poll(() => here.refusesLease).toBe(0);
  const before = await (await leases()).get(key);
  await expect
    .poll(async () => (await (await leases()).get(key))?.revision)
    .toBeGreaterThan(before?.revision ?? Infinity);
  expect(here.logged.join("")).toContain("could not be renewed");
  expect(here.logged.join("")).not.toContain("the lease was lost");
  expect(here.telegram.conflicts).toBe(0);
});

it("whoever can't renew the lease sends nothing from before anybody else could have it, and goes on once it has it", async () => {
  await here.start();
  await here.ask();
  await here.message();
  here.refusesLease = Infinity;
  const standing = await (await leases()).get(key);
  await expect.poll(async () => (await leases()).get(key)).toBeUndefined();
  await here.ask();
  await here.ask({ chats: [[8, [8]]] });
  await expect.poll(() => here.logged.join("")).toContain("the lease was lost");
  expect(here.telegram.messagesIn(8)).toEqual([]);
  here.refusesLease = 0;
  await here.message(8);
  expect((await (await leases()).get(key))?.revision).toBeGreaterThan(standing?.revision ?? Infinity);
});

it("a process that was frozen for longer than its lease does not poll on", async () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  await here.start();
  const created = await here.ask();
  const message = await here.message();
  const polls = () => here.telegram.calls.filter(({ method }) => method === "getUpdates");
  const before = polls().length;
  vi.advanceTimersByTime(leaseMs);
  here.telegram.press(alice, message, "Approve");
  await here.decided(created);
  await expect.poll(() => polls().length).toBeGreaterThan(before);
  expect(polls()[before]?.payload).not.toHaveProperty("offset");
});

describe("a message that was sent and not recorded before the lease was lost", () => {
  it("is recorded, and not sent again by the process that gets the lease back", async () => {
    let isDown = true;
    here.refusesAppend = (subject) => isDown && subject.includes(".delivered.");
    await here.start();
    const created = await here.ask();
    const message = await here.message();
    here.refusesLease = Infinity;
    await expect.poll(() => here.logged.join("")).toContain("the lease was lost");
    here.refusesLease = 0;
    await here.ask({ chats: [[8, [8]]] });
    await here.message(8);
    isDown = false;
    await here.cancel(created);
    await expect.poll(() => message.text).toMatch(/^🚫 Cancelled/);
    expect(here.telegram.messagesIn(7)).toHaveLength(1);
  });

  it("is closed like its twin when another process has the lease by then", async () => {
    let isDown = true;
    here.refusesAppend = (subject) => isDown && subject.includes(".delivered.");
    await here.start("one");
    const created = await here.ask();
    const message = await here.message();
    await here.start("two");
    await takeLeaseAway("two");
    const twin = await here.message(7, 1);
    isDown = false;
    await expect.poll(async () => copiesOf(await here.set(created)).length).toBe(2);
    await here.cancel(created);
    for (const copy of [message, twin]) await expect.poll(() => copy.text).toMatch(/^🚫 Cancelled/);
  });
});

it("what could not start with the lease leaves nothing running, and is started again", async () => {
  here.refusesConsumer = "notifier-closer";
  await here.start();
  await expect.poll(() => here.logged.join("")).toContain("could not start");
  const created = await here.ask();
  expect(here.telegram.messagesIn(7)).toEqual([]);
  here.refusesConsumer = undefined;
  const message = await here.message();
  await here.cancel(created);
  await expect.poll(() => message.text).toMatch(/^🚫 Cancelled/);
});
