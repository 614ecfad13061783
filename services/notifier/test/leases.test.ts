import { copiesOf } from "@loopgate/domain";
import { person } from "@loopgate/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type NotifierFixture, openFixture } from "./support/notifier.ts";
import { bot } from "./support/secrets.ts";

const alice = person(7);
const leaseMs = 2_400;
let fixture: NotifierFixture;
beforeEach(async () => {
  fixture = await openFixture({ leaseMs });
});
const key = `telegram_${bot}`;
const leases = () => fixture.bus.keyValue.bucket("leases");
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
    await fixture.start("one");
    await fixture.start("two");
    const created = await fixture.ask();
    const query = fixture.telegram.press(alice, await fixture.message(), "Approve");
    expect(await fixture.told(query)).toBe("Recorded: Approve");
    const renewed = (await (await leases()).get(key))?.revision ?? 0;
    await expect.poll(async () => (await (await leases()).get(key))?.revision).toBeGreaterThan(renewed + 3);
    expect(fixture.telegram.conflicts).toBe(0);
    expect(fixture.telegram.messagesIn(7)).toHaveLength(1);
    expect(await fixture.decided(created)).toMatchObject({ kind: "answered" });
  });

  it("the other takes over as soon as the first ends, and nothing is polled twice", async () => {
    const first = await fixture.start("one");
    await expect.poll(holder).toBe("one");
    await fixture.start("two");
    const created = await fixture.ask();
    const message = await fixture.message();
    await first[Symbol.asyncDispose]();
    fixture.telegram.press(alice, message, "Approve");
    expect(await fixture.decided(created)).toMatchObject({ kind: "answered" });
    expect(await holder()).toBe("two");
    expect(fixture.telegram.conflicts).toBe(0);
  });
});

it("a lease whose holder died is taken over once it runs out, not before", async () => {
  const died = Date.now();
  await (await leases()).create(key, "dead");
  await fixture.start();
  await fixture.ask();
  await fixture.message();
  expect(Date.now() - died).toBeGreaterThanOrEqual(leaseMs);
  expect(await holder()).toBe("test");
});

describe("with a lease that outlives the test", () => {
  beforeEach(async () => {
    fixture = await openFixture({ leaseMs: 600_000 });
  });

  it("a holder that comes back under its own name has it at once", async () => {
    await (await fixture.bus.keyValue.bucket("leases")).create(key, "test");
    await fixture.start();
    await expect.poll(() => fixture.telegram.calls.map(({ method }) => method)).toContain("getUpdates");
  });
});

it("a notifier that loses the lease stops polling and is no longer checked, and polls again when it is free", async () => {
  const notifier = await fixture.start();
  const [first, second] = [await fixture.ask(), await fixture.ask()];
  const [shown, later] = [await fixture.message(7, 0), await fixture.message(7, 1)];
  fixture.telegram.fail("getUpdates", { kind: "html" }, 1_000);
  fixture.telegram.press(alice, shown, "Approve");
  const problem = () =>
    notifier.check().then(
      () => "",
      (error: Error) => error.message,
    );
  await expect.poll(problem).not.toBe("");
  await takeLeaseAway();
  await expect.poll(() => fixture.logged.join("")).toContain("the lease was lost");
  const problemOfAnother = async () => {
    await takeLeaseAway();
    return problem();
  };
  await expect.poll(problemOfAnother).toBe("");
  fixture.telegram.press(alice, later, "Approve");
  fixture.telegram.faults.clear();
  for (const created of [first, second]) await fixture.decided(created);
  expect(await holder()).toBe("test");
});

it("a notifier that lost the lease does not interrupt the next one; a notifier that stops confirms what it stored", async () => {
  const confirmations = () => fixture.telegram.calls.filter(({ payload }) => payload["limit"] === 1).length;
  await fixture.start();
  await fixture.ask();
  const query = fixture.telegram.press(alice, await fixture.message(), "Approve");
  await fixture.told(query);
  await takeLeaseAway();
  await expect.poll(() => fixture.logged.join("")).toContain("the lease was lost");
  await expect.poll(holder).toBe("test");
  expect(confirmations()).toBe(0);
  fixture.telegram.press(alice, await fixture.message(), { data: "again" });
  await expect.poll(() => fixture.telegram.answers.length).toBe(2);
  await fixture.close();
  expect(confirmations()).toBe(1);
  await fixture.open();
});

it("a lease that could not be renewed for a moment is kept", async () => {
  fixture.faults.leaseReads = 2;
  await fixture.start();
  await expect.poll(() => fixture.faults.leaseReads).toBe(0);
  await fixture.ask();
  await fixture.message();
  fixture.faults.leaseReads = 1;
  await expect.poll(() => fixture.faults.leaseReads).toBe(0);
  const before = await (await leases()).get(key);
  await expect
    .poll(async () => (await (await leases()).get(key))?.revision)
    .toBeGreaterThan(before?.revision ?? Infinity);
  expect(fixture.logged.join("")).toContain("could not be renewed");
  expect(fixture.logged.join("")).not.toContain("the lease was lost");
  expect(fixture.telegram.conflicts).toBe(0);
});

it("a notifier that cannot renew the lease stops sending before another could have it, and continues once it has it again", async () => {
  await fixture.start();
  await fixture.ask();
  await fixture.message();
  fixture.faults.leaseReads = Infinity;
  const standing = await (await leases()).get(key);
  await expect.poll(async () => (await leases()).get(key)).toBeUndefined();
  await fixture.ask();
  await fixture.ask({ chats: [[8, [8]]] });
  await expect.poll(() => fixture.logged.join("")).toContain("the lease was lost");
  expect(fixture.telegram.messagesIn(8)).toEqual([]);
  fixture.faults.leaseReads = 0;
  await fixture.message(8);
  expect((await (await leases()).get(key))?.revision).toBeGreaterThan(standing?.revision ?? Infinity);
});

it("a process that was frozen for longer than its lease does not poll on", async () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  await fixture.start();
  const created = await fixture.ask();
  const message = await fixture.message();
  const polls = () => fixture.telegram.calls.filter(({ method }) => method === "getUpdates");
  const before = polls().length;
  vi.advanceTimersByTime(leaseMs);
  fixture.telegram.press(alice, message, "Approve");
  await fixture.decided(created);
  await expect.poll(() => polls().length).toBeGreaterThan(before);
  expect(polls()[before]?.payload).not.toHaveProperty("offset");
});

describe("a message that was sent and not recorded before the lease was lost", () => {
  it("is recorded, and not sent again by the process that gets the lease back", async () => {
    let isDown = true;
    fixture.faults.append = (subject) => isDown && subject.includes(".delivered.");
    await fixture.start();
    const created = await fixture.ask();
    const message = await fixture.message();
    fixture.faults.leaseReads = Infinity;
    await expect.poll(() => fixture.logged.join("")).toContain("the lease was lost");
    fixture.faults.leaseReads = 0;
    await fixture.ask({ chats: [[8, [8]]] });
    await fixture.message(8);
    isDown = false;
    await fixture.cancel(created);
    await expect.poll(() => message.text).toMatch(/^🚫 Cancelled/);
    expect(fixture.telegram.messagesIn(7)).toHaveLength(1);
  });

  it("is closed like its twin when another process has the lease by then", async () => {
    let isDown = true;
    fixture.faults.append = (subject) => isDown && subject.includes(".delivered.");
    await fixture.start("one");
    const created = await fixture.ask();
    const message = await fixture.message();
    await fixture.start("two");
    await takeLeaseAway("two");
    const twin = await fixture.message(7, 1);
    isDown = false;
    await expect.poll(async () => copiesOf(await fixture.set(created)).length).toBe(2);
    await fixture.cancel(created);
    for (const copy of [message, twin]) await expect.poll(() => copy.text).toMatch(/^🚫 Cancelled/);
  });
});

it("what could not start with the lease leaves nothing running, and is started again", async () => {
  fixture.faults.consumer = "notifier-closer";
  await fixture.start();
  await expect.poll(() => fixture.logged.join("")).toContain("could not start");
  const created = await fixture.ask();
  expect(fixture.telegram.messagesIn(7)).toEqual([]);
  fixture.faults.consumer = undefined;
  const message = await fixture.message();
  await fixture.cancel(created);
  await expect.poll(() => message.text).toMatch(/^🚫 Cancelled/);
});
