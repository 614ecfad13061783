import { expect, it } from "vitest";
import type { Delivery } from "../../src/index.ts";
import { allAgain, aRecorder, putOffFence, subjectsOf, untilStopped } from "./support/handler.ts";
import { anEvent, appendCopies, aRequest, copySubject, everythingOf } from "./support/events.ts";
import { aConsumerName, busOfEachTest, type OpenBus, eventually } from "./support/bus-under-test.ts";

/** Stop and restart. */
export function consumerStopContract(open: OpenBus): void {
  stops(open);
  restarts(open);
}

function stops(open: OpenBus): void {
  const bus = busOfEachTest(open);

  it("tells running handlers to stop, and waits for them", async () => {
    const ref = aRequest();
    await appendCopies(bus.log, ref, 1);
    const release = Promise.withResolvers<void>();
    const recorder = aRecorder(async () => {
      await release.promise;
      return "done";
    });
    const spec = { name: aConsumerName(), filters: [everythingOf(ref)] };
    const subscription = await bus.log.consume(spec, recorder);
    await expect.poll(() => recorder.seen, eventually).toHaveLength(1);

    let ended = false;
    const end = Promise.resolve(subscription[Symbol.asyncDispose]()).then(() => (ended = true));
    await expect.poll(() => recorder.seen[0]?.signal.aborted, eventually).toBe(true);
    await bus.log.append(copySubject(ref, 2), anEvent(ref));
    const [other, clock] = [aRequest(), aRecorder(putOffFence)];
    bus.own(await bus.log.consume({ name: aConsumerName(), filters: [everythingOf(other)] }, clock));
    await allAgain(bus, other, clock.seen);
    expect(ended).toBe(false);
    release.resolve();
    await end;

    expect(subjectsOf(recorder.seen)).toEqual([copySubject(ref, 1)]);
    const next = aRecorder(putOffFence);
    bus.own(await bus.log.consume(spec, next));
    await expect.poll(() => subjectsOf(next.seen), eventually).toEqual([copySubject(ref, 2)]);
    expect(await allAgain(bus, ref, next.seen)).toEqual([]);
  });

  it("passes an entry whose handler stopped to another member, and counts no failure", async () => {
    const ref = aRequest();
    await appendCopies(bus.log, ref, 1);
    const spec = { name: aConsumerName(), filters: [everythingOf(ref)], maxAttempts: 1 };
    const [leaving, staying] = [aRecorder(untilStopped), aRecorder()];
    const subscription = await bus.log.consume(spec, leaving);
    await expect.poll(() => leaving.seen, eventually).toHaveLength(1);
    bus.own(await bus.log.consume(spec, staying));

    await subscription[Symbol.asyncDispose]();

    await expect.poll(() => subjectsOf(staying.seen), eventually).toEqual([copySubject(ref, 1)]);
    await bus.log.append(copySubject(ref, 2), anEvent(ref));
    await expect.poll(() => subjectsOf(staying.seen), eventually).toContain(copySubject(ref, 2));
    expect(leaving.seen).toHaveLength(1);
  });

  it("leaves entries whose handlers stopped, and later ones, to the next opening", async () => {
    const ref = aRequest();
    const subjects = await appendCopies(bus.log, ref, 10);
    const spec = { name: aConsumerName(), filters: [everythingOf(ref)], maxAttempts: 1, maxInFlight: 3 };
    const first = aRecorder(untilStopped);
    const subscription = await bus.log.consume(spec, first);
    await expect.poll(() => first.seen, eventually).toHaveLength(3);

    await subscription[Symbol.asyncDispose]();
    await bus.restart();
    const next = aRecorder();
    bus.own(await bus.log.consume(spec, next));

    await expect.poll(() => subjectsOf(next.seen), eventually).toEqual(subjects.sort());
    expect(first.seen).toHaveLength(3);
  });
}

function restarts(open: OpenBus): void {
  const bus = busOfEachTest(open);

  it("never redelivers what is done, within one process or after a restart", async () => {
    const ref = aRequest();
    const spec = { name: aConsumerName(), filters: [everythingOf(ref)] };
    const seen: Delivery[] = [];
    const consume = () =>
      bus.log.consume(spec, async (delivery) => {
        seen.push(delivery);
        return putOffFence(delivery);
      });
    const subscription = await consume();
    const subjects = await appendCopies(bus.log, ref, 20);
    await expect.poll(() => subjectsOf(seen), eventually).toEqual(subjects.sort());

    await subscription[Symbol.asyncDispose]();
    const again = await consume();
    expect(await allAgain(bus, ref, seen)).toEqual([]);
    await again[Symbol.asyncDispose]();
    await bus.restart();
    bus.own(await consume());

    expect(await allAgain(bus, ref, seen)).toEqual([]);
  });

  it("redelivers what was unfinished before a crash", async () => {
    const ref = aRequest();
    const subjects = await appendCopies(bus.log, ref, 6);
    const spec = { name: aConsumerName(), filters: [everythingOf(ref)] };
    const crash = Promise.withResolvers<void>();
    const done = new Set([copySubject(ref, 2), copySubject(ref, 5)]);
    const crashed = aRecorder(async ({ entry }) => {
      if (!done.has(entry.subject)) await crash.promise;
      return "done";
    });
    await bus.log.consume(spec, crashed);
    await expect.poll(() => subjectsOf(crashed.seen), eventually).toEqual(subjects.sort());

    await bus.restart();
    const next = aRecorder();
    bus.own(await bus.log.consume(spec, next));

    const unfinished = subjects.filter((subject) => !done.has(subject));
    await expect.poll(() => subjectsOf(next.seen), eventually).toEqual(expect.arrayContaining(unfinished));
    crash.resolve();
  });

  it("keeps a postponed entry and its time across a restart", async () => {
    const ref = aRequest();
    const [early] = await appendCopies(bus.log, ref, 1);
    const spec = { name: aConsumerName(), filters: [everythingOf(ref)] };
    let askedAt = 0;
    const first = aRecorder(async ({ entry }) => {
      if (entry.subject !== early) return "done";
      askedAt = Date.now();
      return { retryInMs: 1_500 };
    });
    const subscription = await bus.log.consume(spec, first);
    await expect.poll(() => askedAt, eventually).not.toBe(0);
    await bus.log.append(copySubject(ref, 2), anEvent(ref));
    await expect.poll(() => subjectsOf(first.seen), eventually).toContain(copySubject(ref, 2));
    await subscription[Symbol.asyncDispose]();

    await bus.restart();
    let cameAt = 0;
    const next = aRecorder(async () => {
      cameAt = Date.now();
      return "done";
    });
    bus.own(await bus.log.consume(spec, next));

    await expect.poll(() => subjectsOf(next.seen), eventually).toEqual([early]);
    expect(next.seen[0]?.attempt).toBeGreaterThanOrEqual(2);
    expect(cameAt - askedAt).toBeGreaterThanOrEqual(1_500);
  });

  it("keeps the time of a postponed entry, also across a crash with an older entry unfinished", async () => {
    const ref = aRequest();
    const [unfinished, putOff] = await appendCopies(bus.log, ref, 3);
    const spec = { name: aConsumerName(), filters: [everythingOf(ref)] };
    const crash = Promise.withResolvers<void>();
    let askedAt = 0;
    const crashed = aRecorder(async ({ entry }) => {
      if (entry.subject === unfinished) await crash.promise;
      if (entry.subject !== putOff) return "done";
      askedAt = Date.now();
      return { retryInMs: 3_000 };
    });
    await bus.log.consume(spec, crashed);
    await expect.poll(() => subjectsOf(crashed.seen), eventually).toHaveLength(3);
    await bus.log.append(copySubject(ref, 4), anEvent(ref));
    await expect.poll(() => subjectsOf(crashed.seen), eventually).toContain(copySubject(ref, 4));

    await bus.restart();
    const cameAt = new Map<string, number>();
    const next = aRecorder(async ({ entry }) => {
      cameAt.set(entry.subject, Date.now());
      return "done";
    });
    bus.own(await bus.log.consume(spec, next));

    await expect.poll(() => subjectsOf(next.seen), eventually).toContain(unfinished);
    await expect.poll(() => subjectsOf(next.seen), eventually).toContain(putOff);
    expect((cameAt.get(putOff ?? "") ?? 0) - askedAt).toBeGreaterThanOrEqual(3_000);
    expect(subjectsOf(next.seen).filter((subject) => subject === putOff)).toHaveLength(1);
    crash.resolve();
  });
}
