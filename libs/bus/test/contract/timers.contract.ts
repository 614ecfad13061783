import { dueSubject, type LogEntry, type RequestRef } from "@loopgate/contracts";
import { describe, expect, it } from "vitest";
import { aDue, aRequest } from "./support/events.ts";
import {
  aConsumerName,
  busOfEachTest,
  type BusOfTest,
  type OpenBus,
  eventually,
} from "./support/bus-under-test.ts";

const SOON_MS = 1_200;
const OVER_THE_LONGEST_TIMEOUT_MS = 30 * 86_400_000;

/** What every adapter of {@link Timers} promises. */
export function timersContract(open: OpenBus): void {
  describe("a timer", () => {
    timers(open);
  });
}

const inMs = (ms: number): Date => new Date(Date.now() + ms);

/** Every firing of this request's timers, by sequence. A durable consumer reads them: due events have no tail. */
async function firingsOf(bus: BusOfTest, ref: RequestRef): Promise<ReadonlyMap<number, LogEntry>> {
  const seen = new Map<number, LogEntry>();
  const spec = { name: aConsumerName(), filters: [dueSubject(ref, "x").replace(/x$/, ">")] };
  bus.own(
    await bus.log.consume(spec, async ({ entry }) => {
      seen.set(entry.seq, entry);
      return "done";
    }),
  );
  return seen;
}

const tagsOf = (firings: ReadonlyMap<number, LogEntry>): string[] =>
  Array.from(firings.values(), ({ event }) => String(event.data["tag"])).sort();

function timers(open: OpenBus): void {
  const bus = busOfEachTest(open);

  it("becomes its event on the request's due subject, not before its time", async () => {
    const ref = aRequest();
    const timers = [
      { name: "expiry", at: inMs(SOON_MS) },
      { name: "a-moment-later", at: inMs(SOON_MS + 500) },
    ];
    const due = { ...aDue(ref, "in time"), later: { unknown: true } };

    for (const { name, at } of timers) await bus.timers.set(ref, name, at, due);

    for (const { name, at } of timers) {
      const subject = dueSubject(ref, name);
      await expect.poll(() => bus.log.last(subject), eventually).toMatchObject({ subject, event: due });
      const storedAt = Date.parse((await bus.log.last(subject))?.storedAt ?? "");
      expect(storedAt, name).toBeGreaterThanOrEqual(at.getTime());
    }
  });

  it("fires at once if its time is in the past", async () => {
    const ref = aRequest();
    const firings = await firingsOf(bus, ref);

    await bus.timers.set(ref, "expiry", inMs(-86_400_000), aDue(ref, "past"));

    await expect.poll(() => tagsOf(firings), eventually).toEqual(["past"]);
  });

  it("is replaced when it is set again, to an earlier or a later time", async () => {
    const ref = aRequest();
    const firings = await firingsOf(bus, ref);
    await bus.timers.set(ref, "earlier", inMs(3_600_000), aDue(ref, "earlier, first"));
    await bus.timers.set(ref, "later", inMs(SOON_MS), aDue(ref, "later, first"));
    const later = inMs(2 * SOON_MS);

    await bus.timers.set(ref, "earlier", inMs(0), aDue(ref, "earlier, again"));
    await bus.timers.set(ref, "later", later, aDue(ref, "later, again"));

    await expect.poll(() => tagsOf(firings), eventually).toEqual(["earlier, again", "later, again"]);
    const entry = await bus.log.last(dueSubject(ref, "later"));
    expect(Date.parse(entry?.storedAt ?? "")).toBeGreaterThanOrEqual(later.getTime());
  });

  it("can be set again with the same event after it fired", async () => {
    const ref = aRequest();
    const firings = await firingsOf(bus, ref);
    const due = aDue(ref, "again");
    await bus.timers.set(ref, "expiry", inMs(0), due);
    await expect.poll(() => tagsOf(firings), eventually).toEqual(["again"]);

    await bus.timers.set(ref, "expiry", inMs(0), due);

    await expect.poll(() => tagsOf(firings), eventually).toEqual(["again", "again"]);
  });

  it("does not fire once cancelled, and cancelling an unknown timer is no error", async () => {
    const ref = aRequest();
    const firings = await firingsOf(bus, ref);
    await bus.timers.set(ref, "cancelled", inMs(SOON_MS), aDue(ref, "cancelled"));
    await bus.timers.set(ref, "kept", inMs(SOON_MS + 400), aDue(ref, "kept"));

    await bus.timers.cancel(ref, "cancelled");
    await bus.timers.cancel(ref, "never-set");

    await expect.poll(() => tagsOf(firings), eventually).toEqual(["kept"]);
  });

  it("can be set again after a cancel", async () => {
    const ref = aRequest();
    await bus.timers.set(ref, "expiry", inMs(3_600_000), aDue(ref, "first"));
    await bus.timers.cancel(ref, "expiry");

    await bus.timers.set(ref, "expiry", inMs(0), aDue(ref, "again"));

    await expect.poll(() => bus.log.last(dueSubject(ref, "expiry")), eventually).toBeDefined();
  });

  it("keeps requests and names apart", async () => {
    const [ref, other] = [aRequest(), aRequest()];
    const firings = await firingsOf(bus, ref);
    const others = await firingsOf(bus, other);

    await bus.timers.set(ref, "a", inMs(0), aDue(ref, "a"));
    await bus.timers.set(ref, "b", inMs(0), aDue(ref, "b"));
    await bus.timers.set(other, "a", inMs(0), aDue(other, "other's"));

    await expect.poll(() => tagsOf(firings), eventually).toEqual(["a", "b"]);
    await expect.poll(() => tagsOf(others), eventually).toEqual(["other's"]);
  });

  it("survives a restart, also when it becomes due meanwhile", async () => {
    const ref = aRequest();
    const at = inMs(SOON_MS);
    await bus.timers.set(ref, "later", at, aDue(ref, "later"));
    await bus.timers.set(ref, "meanwhile", inMs(1), aDue(ref, "meanwhile"));

    await bus.restart();

    const firings = await firingsOf(bus, ref);
    await expect.poll(() => [...new Set(tagsOf(firings))], eventually).toEqual(["later", "meanwhile"]);
    const entry = await bus.log.last(dueSubject(ref, "later"));
    expect(Date.parse(entry?.storedAt ?? "")).toBeGreaterThanOrEqual(at.getTime());
  });

  it("fires many that are due at once", async () => {
    const ref = aRequest();
    const firings = await firingsOf(bus, ref);
    const names = Array.from({ length: 250 }, (_, index) => `timer-${index}`);
    const at = inMs(SOON_MS);

    await Promise.all(names.map((name) => bus.timers.set(ref, name, at, aDue(ref, name))));

    await expect.poll(() => tagsOf(firings), eventually).toEqual(names.sort());
  });

  it("does not fire early if it is further away than the longest timeout", async () => {
    const ref = aRequest();
    const firings = await firingsOf(bus, ref);

    await bus.timers.set(ref, "far", inMs(OVER_THE_LONGEST_TIMEOUT_MS), aDue(ref, "far"));
    await bus.timers.set(ref, "near", inMs(SOON_MS), aDue(ref, "near"));

    await expect.poll(() => tagsOf(firings), eventually).toEqual(["near"]);
    expect(await bus.log.last(dueSubject(ref, "far"))).toBeUndefined();
  });
}
