import { eventKey, requestSubject } from "@loopgate/contracts";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { Handler } from "../../src/index.ts";
import { allAgain, aRecorder, putOffFence, subjectsOf, untilStopped } from "./support/handler.ts";
import { anEvent, appendCopies, aRequest, copySubject, everythingOf } from "./support/events.ts";
import {
  aConsumerName,
  busOfEachTest,
  busOptions,
  type OpenBus,
  eventually,
} from "./support/bus-under-test.ts";
import { consumerFailureContract } from "./consumer-failure.contract.ts";
import { consumerStopContract } from "./consumer-stop.contract.ts";

/** What the durable consumers of every {@link EventLog} promise. */
export function consumerContract(open: OpenBus): void {
  consumerDeliveryContract(open);
  describe("failures of a consumer", () => {
    consumerFailureContract(open);
  });
}

/** The part about delivery. */
export function consumerDeliveryContract(open: OpenBus): void {
  describe("a consumer", () => {
    describe("intake", () => {
      intake(open);
    });
    describe("load", () => {
      load(open);
    });
    describe("stop and restart", () => {
      consumerStopContract(open);
    });
  });
}

function intake(open: OpenBus): void {
  const bus = busOfEachTest(open);

  it("sees entries from before its first start and from after", async () => {
    const ref = aRequest();
    const before = await appendCopies(bus.log, ref, 20);
    const recorder = aRecorder();
    bus.own(await bus.log.consume({ name: aConsumerName(), filters: [everythingOf(ref)] }, recorder));

    await bus.log.append(copySubject(ref, 21), anEvent(ref));

    await expect
      .poll(() => subjectsOf(recorder.seen), eventually)
      .toEqual([...before, copySubject(ref, 21)].sort());
    expect(recorder.seen.every(({ attempt }) => attempt === 1)).toBe(true);
  });

  it("receives an entry as the log holds it", async () => {
    const ref = aRequest();
    const recorder = aRecorder();
    await bus.log.append(copySubject(ref, 1), anEvent(ref, { later: ["unknown"] }));

    bus.own(await bus.log.consume({ name: aConsumerName(), filters: [everythingOf(ref)] }, recorder));

    await expect.poll(() => recorder.seen, eventually).toHaveLength(1);
    expect(recorder.seen[0]?.entry).toEqual(await bus.log.last(copySubject(ref, 1)));
    expect(recorder.seen[0]?.signal.aborted).toBe(false);
  });

  it("has caught up once all earlier matching entries are done, whatever else the log holds", async () => {
    const [ref, other] = [aRequest(), aRequest()];
    const { promise: mayEnd, resolve: end } = Promise.withResolvers<"done">();
    const handle: Handler = async (delivery) =>
      delivery.entry.subject === copySubject(ref, 2)
        ? Promise.race([mayEnd, untilStopped(delivery)])
        : "done";
    const spec = { name: aConsumerName(), filters: [everythingOf(ref)] };
    const consumption = await bus.log.consume(spec, handle);
    bus.own(consumption);
    await bus.log.append(copySubject(ref, 1), anEvent(ref));
    expect(await consumption.waitForCatchUp(eventually.timeout)).toBe(true);

    await appendCopies(bus.log, other, 1);
    for (const copy of [2, 3]) await bus.log.append(copySubject(ref, copy), anEvent(ref));

    expect(await consumption.waitForCatchUp(100)).toBe(false);
    const catchingUp = consumption.waitForCatchUp(eventually.timeout);
    end("done");
    expect(await catchingUp).toBe(true);
  });

  it("catches up, for each of many callers, with what was stored before the call", async () => {
    const ref = aRequest();
    const done = new Set<string>();
    const handle: Handler = async ({ entry }) => {
      await bus.log.last(entry.subject);
      done.add(entry.subject);
      return "done";
    };
    const consumption = await bus.log.consume(
      { name: aConsumerName(), filters: [everythingOf(ref)] },
      handle,
    );
    bus.own(consumption);
    const subjects = Array.from({ length: 200 }, (_, n) => copySubject(ref, n));

    const callers = [];
    for (const subject of subjects) {
      await bus.log.append(subject, anEvent(ref));
      callers.push(
        consumption.waitForCatchUp(eventually.timeout).then((caughtUp) => caughtUp && done.has(subject)),
      );
    }

    expect(await Promise.all(callers)).toEqual(subjects.map(() => true));
  });

  it("sees every entry of a subject, not just the newest", async () => {
    const ref = aRequest();
    const recorder = aRecorder();
    const events = Array.from({ length: 10 }, () => anEvent(ref));
    for (const event of events) await bus.log.append(copySubject(ref, 1), event);

    bus.own(await bus.log.consume({ name: aConsumerName(), filters: [everythingOf(ref)] }, recorder));

    const ids = () => recorder.seen.map(({ entry }) => entry.event.id).sort();
    await expect.poll(ids, eventually).toEqual(events.map(({ id }) => id).sort());
  });

  it("sees only what one of its filters matches", async () => {
    const [ref, other] = [aRequest(), aRequest()];
    const recorder = aRecorder(putOffFence);
    const decided = requestSubject(ref, eventKey.decided);
    const created = requestSubject(ref, eventKey.created);
    const fenced = requestSubject(ref, "delivered.*.777");
    await appendCopies(bus.log, ref, 3);
    await appendCopies(bus.log, other, 3);
    for (const subject of [created, decided]) await bus.log.append(subject, anEvent(ref), { first: true });

    const spec = { name: aConsumerName(), filters: [created, decided, fenced] };
    bus.own(await bus.log.consume(spec, recorder));
    await bus.log.append(copySubject(ref, 4), anEvent(ref));
    await allAgain(bus, ref, recorder.seen);

    const seen = recorder.seen.filter(({ entry }) => !entry.subject.endsWith(".777"));
    expect(subjectsOf(seen)).toEqual([created, decided].sort());
  });

  it("never sees an event that lost a race", async () => {
    const ref = aRequest();
    const recorder = aRecorder(putOffFence);
    bus.own(await bus.log.consume({ name: aConsumerName(), filters: [everythingOf(ref)] }, recorder));
    const decided = requestSubject(ref, eventKey.decided);

    await Promise.all(
      Array.from({ length: 20 }, () => bus.log.append(decided, anEvent(ref), { first: true })),
    );
    await allAgain(bus, ref, recorder.seen);

    expect(subjectsOf(recorder.seen).filter((subject) => subject === decided)).toHaveLength(1);
  });

  it("is independent of consumers with other names", async () => {
    const ref = aRequest();
    const subjects = await appendCopies(bus.log, ref, 10);
    const [one, two] = [aRecorder(), aRecorder()];

    for (const recorder of [one, two]) {
      bus.own(await bus.log.consume({ name: aConsumerName(), filters: [everythingOf(ref)] }, recorder));
    }

    await expect.poll(() => subjectsOf(one.seen), eventually).toEqual(subjects.sort());
    await expect.poll(() => subjectsOf(two.seen), eventually).toEqual(subjects.sort());
  });
}

function load(open: OpenBus): void {
  const bus = busOfEachTest(open);

  it("handles a backlog of many pages completely", async () => {
    const ref = aRequest();
    const subjects = await appendCopies(bus.log, ref, 700);
    const recorder = aRecorder();

    bus.own(await bus.log.consume({ name: aConsumerName(), filters: [everythingOf(ref)] }, recorder));
    const more = Array.from({ length: 100 }, (_, index) => copySubject(ref, 1_001 + index));
    await Promise.all(more.map((subject) => bus.log.append(subject, anEvent(ref))));

    await expect.poll(() => recorder.seen.length, eventually).toBe(800);
    expect(subjectsOf(recorder.seen)).toEqual([...subjects, ...more].sort());
  });

  it("handles as many entries at a time as maxInFlight, and never more", async () => {
    const ref = aRequest();
    const subjects = await appendCopies(bus.log, ref, 12);
    const release = Promise.withResolvers<void>();
    let [running, most] = [0, 0];
    const recorder = aRecorder(async () => {
      running += 1;
      most = Math.max(most, running);
      await release.promise;
      await pause(2);
      running -= 1;
      return "done";
    });

    const spec = { name: aConsumerName(), filters: [everythingOf(ref)], maxInFlight: 3 };
    bus.own(await bus.log.consume(spec, recorder));
    await expect.poll(() => running, eventually).toBe(3);
    release.resolve();

    await expect.poll(() => subjectsOf(recorder.seen), eventually).toEqual(subjects.sort());
    expect(most).toBe(3);
  });

  it("shares the work between its members: each entry is handled once", async () => {
    const ref = aRequest();
    const subjects = await appendCopies(bus.log, ref, 40);
    const bothWork = Promise.withResolvers<void>();
    const busy = new Set<string>();
    const worker = (name: string) =>
      aRecorder(async (delivery) => {
        busy.add(name);
        if (busy.size === 2) bothWork.resolve();
        await bothWork.promise;
        return putOffFence(delivery);
      });
    const [one, two] = [worker("one"), worker("two")];

    const spec = { name: aConsumerName(), filters: [everythingOf(ref)], maxInFlight: 4 };
    for (const recorder of [one, two]) bus.own(await bus.log.consume(spec, recorder));

    const all = () => [...one.seen, ...two.seen];
    await expect.poll(() => all().length, eventually).toBe(40);
    expect(subjectsOf(all())).toEqual(subjects.sort());
  });

  it("does not redeliver to a slow handler while it works", async () => {
    const ref = aRequest();
    await appendCopies(bus.log, ref, 1);
    const slow: Handler = async (delivery) => {
      if (delivery.entry.subject === copySubject(ref, 1)) await pause(2.5 * busOptions.ackWaitMs);
      return putOffFence(delivery);
    };
    const recorder = aRecorder(slow);

    bus.own(await bus.log.consume({ name: aConsumerName(), filters: [everythingOf(ref)] }, recorder));
    await expect.poll(() => recorder.seen, eventually).toHaveLength(1);
    const again = [
      ...(await allAgain(bus, ref, recorder.seen)),
      ...(await allAgain(bus, ref, recorder.seen)),
    ];

    expect(again).toEqual([]);
  });
}
