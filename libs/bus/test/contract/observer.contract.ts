import { expect, it } from "vitest";
import { type Backlog, Unavailable } from "../../src/index.ts";
import { aRecorder, untilStopped } from "./support/handler.ts";
import { anObserver } from "./support/observer.ts";
import { anEvent, appendCopies, aRequest, copySubject, everythingOf } from "./support/events.ts";
import { aConsumerName, busOfEachTest, type OpenBus, eventually } from "./support/bus-under-test.ts";

/** What every {@link EventLog} reports to its {@link BusObserver}. */
export function observerContract(open: OpenBus): void {
  const observer = anObserver();
  const bus = busOfEachTest(open, observer);
  const backlogOf = (name: string): Promise<Backlog> | undefined => observer.consumers.get(name)?.();

  it("is told the backlog of a consumer: in flight, postponed, and not yet read", async () => {
    const ref = aRequest();
    const oldest = copySubject(ref, 100);
    await bus.log.append(oldest, anEvent(ref));
    await appendCopies(bus.log, ref, 12);
    const release = Promise.withResolvers<void>();
    const recorder = aRecorder(async ({ entry, attempt }) => {
      if (entry.subject === copySubject(ref, 2) && attempt === 1) return { retryInMs: 300 };
      await release.promise;
      return "done";
    });
    const spec = { name: aConsumerName(), filters: [everythingOf(ref)], maxInFlight: 3 };
    bus.own(await bus.log.consume(spec, recorder));

    await expect.poll(() => recorder.seen.length, eventually).toBeGreaterThanOrEqual(4);
    const oldestStoredAt = (await bus.log.last(oldest))?.storedAt;
    await expect.poll(() => backlogOf(spec.name), eventually).toEqual({ entries: 13, oldestStoredAt });

    release.resolve();
    await expect.poll(() => backlogOf(spec.name), eventually).toEqual({ entries: 0 });
  });

  it("is told of each failure of a handler, also without a limit on attempts, but not of a stop", async () => {
    const ref = aRequest();
    await appendCopies(bus.log, ref, 1);
    const [bug, away] = [new RangeError("a bug"), new Unavailable("away")];
    const handler = aRecorder(async (delivery) => {
      if (delivery.attempt === 1) throw bug;
      if (delivery.attempt === 2) throw away;
      return untilStopped(delivery);
    });
    const spec = { name: aConsumerName(), filters: [everythingOf(ref)], maxAttempts: Infinity };
    const consumer = await bus.log.consume(spec, handler);
    await expect.poll(() => handler.seen.length, eventually).toBeGreaterThanOrEqual(3);
    await consumer[Symbol.asyncDispose]();

    const work = `handle ${spec.name}`;
    expect(observer.failures.filter((failure) => failure.work === work)).toEqual([
      { work, error: bug },
      { work, error: away },
    ]);
  });

  it("is told of a dead letter, and of the end of a consumer", async () => {
    const ref = aRequest();
    await appendCopies(bus.log, ref, 3);
    const name = aConsumerName();
    const handler = aRecorder(async ({ entry }) =>
      entry.subject === copySubject(ref, 1) ? { deadLetter: "no such person" } : "done",
    );
    const consumer = await bus.log.consume({ name, filters: [everythingOf(ref)] }, handler);

    await expect.poll(() => observer.deadLetters, eventually).toContain(name);
    await expect.poll(() => backlogOf(name), eventually).toEqual({ entries: 0 });

    await consumer[Symbol.asyncDispose]();
    expect(observer.deadLetters.filter((one) => one === name)).toEqual([name]);
    expect(observer.consumers.has(name)).toBe(false);
  });
}
