import { DeadLetterEvent, deadLetterSubject, type LogEntry } from "@loopgate/contracts";
import { expect, it } from "vitest";
import { type Delivery, type Handler, Unavailable } from "../../src/index.ts";
import { allAgain, aRecorder, putOffFence, subjectsOf } from "./support/handler.ts";
import { anEvent, appendCopies, aRequest, copySubject, everythingOf } from "./support/events.ts";
import {
  aConsumerName,
  busOfEachTest,
  type BusOfTest,
  type OpenBus,
  eventually,
} from "./support/bus-under-test.ts";

class HandlerBroke extends Error {
  override readonly name = "HandlerBroke";
}

/** Calls `fail` for the first copy; everything else is done. */
const failing =
  (fail: Handler): Handler =>
  (delivery) =>
    delivery.entry.subject.endsWith(".1") ? fail(delivery) : putOffFence(delivery);

const throws = (error: () => Error): Handler =>
  failing(async () => {
    throw error();
  });

const attemptsOn = (seen: readonly Delivery[], subject: string): number[] =>
  seen.filter(({ entry }) => entry.subject === subject).map(({ attempt }) => attempt);

const deadLetterOf = (bus: BusOfTest, name: string): Promise<LogEntry | undefined> =>
  bus.log.last(deadLetterSubject(name));

/** Retries and dead letters. */
export function consumerFailureContract(open: OpenBus): void {
  retries(open);
  deadLetters(open);
}

function retries(open: OpenBus): void {
  const bus = busOfEachTest(open);

  it("redelivers an entry whose handler threw, and counts the attempts", async () => {
    const ref = aRequest();
    const subjects = await appendCopies(bus.log, ref, 20);
    const recorder = aRecorder(async ({ attempt }) => {
      if (attempt < 3) throw new HandlerBroke();
      return "done";
    });

    bus.own(await bus.log.consume({ name: aConsumerName(), filters: [everythingOf(ref)] }, recorder));

    const third = () => recorder.seen.filter(({ attempt }) => attempt === 3);
    await expect.poll(() => subjectsOf(third()), eventually).toEqual(subjects.sort());
    expect(attemptsOn(recorder.seen, copySubject(ref, 1))).toEqual([1, 2, 3]);
  });

  it("redelivers an entry no earlier than its handler asked for", async () => {
    const ref = aRequest();
    const subjects = await appendCopies(bus.log, ref, 10);
    const askedAt = new Map<string, number>();
    const waits = new Map<string, number>();
    const recorder = aRecorder(async ({ entry: { subject }, attempt }) => {
      if (attempt === 1) {
        askedAt.set(subject, Date.now());
        return { retryInMs: 800 };
      }
      waits.set(subject, Date.now() - (askedAt.get(subject) ?? Infinity));
      return "done";
    });

    bus.own(await bus.log.consume({ name: aConsumerName(), filters: [everythingOf(ref)] }, recorder));

    await expect.poll(() => waits.size, eventually).toBe(subjects.length);
    expect(Math.min(...waits.values())).toBeGreaterThanOrEqual(800);
  });

  it("does not let other entries wait for a postponed one", async () => {
    const ref = aRequest();
    const subjects = await appendCopies(bus.log, ref, 10);
    const later = copySubject(ref, 11);
    const recorder = aRecorder(async ({ entry }) =>
      entry.subject === later ? "done" : { retryInMs: 600_000 },
    );

    const spec = { name: aConsumerName(), filters: [everythingOf(ref)], maxInFlight: 2 };
    bus.own(await bus.log.consume(spec, recorder));
    await expect.poll(() => subjectsOf(recorder.seen), eventually).toEqual(subjects.sort());
    await bus.log.append(later, anEvent(ref));

    await expect.poll(() => subjectsOf(recorder.seen), eventually).toContain(later);
  });

  it("never gives up an entry for being postponed, and counts only its exceptions", async () => {
    const ref = aRequest();
    await appendCopies(bus.log, ref, 1);
    const name = aConsumerName();
    const recorder = aRecorder(
      failing(async ({ attempt }) => {
        if (attempt <= 3) return { retryInMs: 1 };
        if (attempt <= 5) throw new HandlerBroke();
        return "done";
      }),
    );

    const spec = { name, filters: [everythingOf(ref)], maxAttempts: 3 };
    bus.own(await bus.log.consume(spec, recorder));

    await expect
      .poll(() => attemptsOn(recorder.seen, copySubject(ref, 1)), eventually)
      .toEqual([1, 2, 3, 4, 5, 6]);
    expect(recorder.seen.map(({ failures }) => failures)).toEqual([0, 0, 0, 0, 1, 2]);
    expect(await allAgain(bus, ref, recorder.seen)).toEqual([]);
    expect(await deadLetterOf(bus, name)).toBeUndefined();
  });

  it("never gives up an entry because something is unavailable", async () => {
    const ref = aRequest();
    await appendCopies(bus.log, ref, 1);
    const name = aConsumerName();
    const recorder = aRecorder(
      failing(async ({ attempt }) => {
        if (attempt <= 6) throw new Unavailable("a dependency does not answer");
        return "done";
      }),
    );

    const spec = { name, filters: [everythingOf(ref)], maxAttempts: 2 };
    bus.own(await bus.log.consume(spec, recorder));

    await expect.poll(() => attemptsOn(recorder.seen, copySubject(ref, 1)), eventually).toContain(7);
    expect(recorder.seen.map(({ failures }) => failures)).toEqual(Array(7).fill(0));
    expect(await allAgain(bus, ref, recorder.seen)).toEqual([]);
    expect(await deadLetterOf(bus, name)).toBeUndefined();
  });

  it("never gives up an entry of a consumer without a limit", async () => {
    const ref = aRequest();
    await appendCopies(bus.log, ref, 1);
    const name = aConsumerName();
    const recorder = aRecorder(
      failing(async ({ attempt }) => {
        if (attempt <= 8) throw new HandlerBroke();
        return "done";
      }),
    );

    const spec = { name, filters: [everythingOf(ref)], maxAttempts: Infinity };
    bus.own(await bus.log.consume(spec, recorder));

    await expect.poll(() => attemptsOn(recorder.seen, copySubject(ref, 1)), eventually).toContain(9);
    expect(await allAgain(bus, ref, recorder.seen)).toEqual([]);
    expect(await deadLetterOf(bus, name)).toBeUndefined();
  });
}

function deadLetters(open: OpenBus): void {
  const bus = busOfEachTest(open);

  it("gives up an entry after maxAttempts, with all that an operator needs, and continues with the others", async () => {
    const ref = aRequest();
    const subjects = await appendCopies(bus.log, ref, 5);
    const poison = await bus.log.last(copySubject(ref, 1));
    const name = aConsumerName();
    const recorder = aRecorder(throws(() => new HandlerBroke("what a person wrote")));

    bus.own(await bus.log.consume({ name, filters: [everythingOf(ref)], maxAttempts: 3 }, recorder));
    await expect.poll(() => deadLetterOf(bus, name), eventually).toBeDefined();

    const letter = DeadLetterEvent.parse((await deadLetterOf(bus, name))?.event);
    expect(letter).toMatchObject({
      subject: ref.id,
      tenant: ref.tenant,
      data: {
        consumer: name,
        subject: copySubject(ref, 1),
        seq: poison?.seq,
        error: "HandlerBroke",
        attempts: 3,
      },
    });
    expect(letter.data.event).toEqual(poison?.event);
    expect(JSON.stringify(letter)).not.toContain("what a person wrote");
    expect(await allAgain(bus, ref, recorder.seen)).toEqual([]);
    expect(attemptsOn(recorder.seen, copySubject(ref, 1))).toEqual([1, 2, 3]);
    expect([...new Set(subjectsOf(recorder.seen))]).toEqual(expect.arrayContaining(subjects));
  });

  it("gives up an entry at once if its handler says so", async () => {
    const ref = aRequest();
    await appendCopies(bus.log, ref, 2);
    const name = aConsumerName();
    const recorder = aRecorder(failing(async () => ({ deadLetter: "no such person" })));

    const spec = { name, filters: [everythingOf(ref)], maxAttempts: Infinity };
    bus.own(await bus.log.consume(spec, recorder));
    await expect.poll(() => deadLetterOf(bus, name), eventually).toBeDefined();

    const letter = DeadLetterEvent.parse((await deadLetterOf(bus, name))?.event);
    expect(letter.data).toMatchObject({ error: "no such person", attempts: 1, subject: copySubject(ref, 1) });
    expect(await allAgain(bus, ref, recorder.seen)).toEqual([]);
    expect(attemptsOn(recorder.seen, copySubject(ref, 1))).toEqual([1]);
  });

  it("does not deliver a dead letter again after a restart", async () => {
    const ref = aRequest();
    await appendCopies(bus.log, ref, 1);
    const spec = { name: aConsumerName(), filters: [everythingOf(ref)], maxAttempts: 2 };
    const subscription = await bus.log.consume(
      spec,
      throws(() => new HandlerBroke()),
    );
    await expect.poll(() => deadLetterOf(bus, spec.name), eventually).toBeDefined();
    await subscription[Symbol.asyncDispose]();

    await bus.restart();
    const recorder = aRecorder(putOffFence);
    bus.own(await bus.log.consume(spec, recorder));

    expect(await allAgain(bus, ref, recorder.seen)).toEqual([]);
  });
}
