import { type Envelope, eventKey, type LogEntry, type RequestRef, requestSubject } from "@loopgate/contracts";
import { expect, it } from "vitest";
import { anEvent, appendCopies, aRequest, copySubject, everythingOf } from "./support/events.ts";
import { busOfEachTest, type OpenBus, eventually } from "./support/bus-under-test.ts";

const RACERS = 50;

const decidedOf = (ref: RequestRef) => requestSubject(ref, eventKey.decided);

/** What {@link EventLog.tail} promises. */
export function tailContract(open: OpenBus): void {
  const bus = busOfEachTest(open);

  async function hear(filters: readonly string[], heard: LogEntry[] = []): Promise<LogEntry[]> {
    bus.own(await bus.log.tail(filters, { onEntry: (entry) => heard.push(entry), onGap: () => undefined }));
    return heard;
  }

  /** Appends a marker and waits until the tail has received it: earlier entries have then arrived, or never will. */
  async function heardSoFar(heard: LogEntry[], ref: RequestRef): Promise<readonly LogEntry[]> {
    const marker = anEvent(ref);
    await bus.log.append(copySubject(ref, 999), marker);
    await expect.poll(() => heard.map(({ event }) => event.id), eventually).toContain(marker.id);
    return heard.filter(({ event }) => event.id !== marker.id);
  }

  it("receives an entry as the log holds it", async () => {
    const ref = aRequest();
    const heard = await hear([everythingOf(ref)]);

    await bus.log.append(copySubject(ref, 1), anEvent(ref, { later: 1 }));

    await expect.poll(() => heard.length, eventually).toBe(1);
    expect(heard).toEqual([await bus.log.last(copySubject(ref, 1))]);
  });

  it("never receives an event that lost a race", async () => {
    const ref = aRequest();
    const heard = await hear([everythingOf(ref)]);

    await Promise.all(
      Array.from({ length: RACERS }, () => bus.log.append(decidedOf(ref), anEvent(ref), { first: true })),
    );

    const winner: Envelope | undefined = (await bus.log.last(decidedOf(ref)))?.event;
    expect((await heardSoFar(heard, ref)).map(({ event }) => event.id)).toEqual([winner?.id]);
  });

  it("receives only entries that match one of its filters", async () => {
    const [ref, other] = [aRequest(), aRequest()];
    const heard = await hear([decidedOf(ref), copySubject(ref, 1), copySubject(ref, 999)]);

    await bus.log.append(copySubject(other, 1), anEvent(other));
    await bus.log.append(copySubject(ref, 2), anEvent(ref));
    await bus.log.append(copySubject(ref, 1), anEvent(ref));
    await bus.log.append(decidedOf(ref), anEvent(ref), { first: true });

    const subjects = (await heardSoFar(heard, ref)).map(({ subject }) => subject);
    expect(subjects.sort()).toEqual([copySubject(ref, 1), decidedOf(ref)].sort());
  });

  it("receives nothing from before its start or after its disposal", async () => {
    const ref = aRequest();
    await bus.log.append(copySubject(ref, 1), anEvent(ref));
    const early: LogEntry[] = [];
    const ended = await bus.log.tail([everythingOf(ref)], {
      onEntry: (entry) => early.push(entry),
      onGap: () => undefined,
    });
    const heard = await hear([everythingOf(ref)]);

    await ended[Symbol.asyncDispose]();
    await bus.log.append(copySubject(ref, 2), anEvent(ref));

    expect((await heardSoFar(heard, ref)).map(({ subject }) => subject)).toEqual([copySubject(ref, 2)]);
    expect(early).toEqual([]);
  });

  it("continues when a listener throws, for it and for the others", async () => {
    const ref = aRequest();
    let calls = 0;
    const angry = {
      onEntry: () => {
        calls += 1;
        throw new Error("a listener's own problem");
      },
      onGap: () => undefined,
    };
    bus.own(await bus.log.tail([everythingOf(ref)], angry));
    const heard = await hear([everythingOf(ref)]);

    const subjects = await appendCopies(bus.log, ref, 3);

    expect((await heardSoFar(heard, ref)).map(({ subject }) => subject).sort()).toEqual(subjects.sort());
    await expect.poll(() => calls, eventually).toBe(4);
  });
}
