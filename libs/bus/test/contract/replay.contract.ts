import { requestPrefix } from "@loopgate/contracts";
import { expect, it } from "vitest";
import { anEvent, appendCopies, aRequest, copySubject, everythingOf } from "./support/events.ts";
import { busOfEachTest, type OpenBus } from "./support/bus-under-test.ts";

/** What {@link EventLog.replay} promises. */
export function replayContract(open: OpenBus): void {
  const bus = busOfEachTest(open);

  it("reads every matching entry once, from the beginning", async () => {
    const ref = aRequest();
    const subjects = await appendCopies(bus.log, ref, 2_500);
    await bus.log.append(copySubject(ref, 1), anEvent(ref));
    await appendCopies(bus.log, aRequest(), 3);

    const read: string[] = [];
    let left = Infinity;
    for await (const { entries, remaining } of bus.log.replay(everythingOf(ref))) {
      expect(remaining).toBeLessThan(left);
      left = remaining;
      read.push(...entries.map(({ subject }) => subject));
    }

    expect(left).toBe(0);
    expect(read.toSorted()).toEqual([...subjects, copySubject(ref, 1)].toSorted());
  });

  it("keeps the order of a subject, and returns entries like every other read", async () => {
    const ref = aRequest();
    const events = Array.from({ length: 5 }, () => anEvent(ref));
    for (const event of events) await bus.log.append(copySubject(ref, 1), event);

    const pages = await Array.fromAsync(bus.log.replay(everythingOf(ref)));

    const entries = pages.flatMap((page) => page.entries);
    expect(entries.map(({ event }) => event.id)).toEqual(events.map(({ id }) => id));
    expect(entries.slice(-1)).toEqual(await bus.log.below(requestPrefix(ref)));
  });

  it("ends, even if events are appended during the reading", async () => {
    const ref = aRequest();
    await appendCopies(bus.log, ref, 1_500);

    let read = 0;
    for await (const { entries } of bus.log.replay(everythingOf(ref))) {
      read += entries.length;
      for (const { subject } of entries) await bus.log.append(subject, anEvent(ref));
    }

    expect(read).toBeGreaterThanOrEqual(1_500);
  });

  it("is empty if nothing matches", async () => {
    const pages = await Array.fromAsync(bus.log.replay(everythingOf(aRequest())));
    expect(pages.flatMap(({ entries }) => entries)).toEqual([]);
  });
}
