import { eventKey, requestPrefix, type RequestRef, requestSubject, type Stored } from "@loopgate/contracts";
import { describe, expect, it } from "vitest";
import { type AppendResult, Rejected } from "../../src/index.ts";
import { anEvent, appendCopies, aRequest, copySubject } from "./support/events.ts";
import { busOfEachTest, type OpenBus } from "./support/bus-under-test.ts";
import { followContract } from "./follow.contract.ts";
import { replayContract } from "./replay.contract.ts";
import { tailContract } from "./tail.contract.ts";

const RACERS = 50;

/** Appends, reads and tails of an {@link EventLog}. Its consumers have their own suite. */
export function eventLogContract(open: OpenBus): void {
  describe("an event log", () => {
    describe("first on its subject", () => {
      firstOnSubject(open);
    });
    describe("append and read", () => {
      appendAndRead(open);
    });
    describe("replay", () => {
      replayContract(open);
    });
    describe("tail", () => {
      tailContract(open);
    });
    describe("follow", () => {
      followContract(open);
    });
  });
}

const decidedOf = (ref: RequestRef) => requestSubject(ref, eventKey.decided);
const storedIn = (result: AppendResult): Stored => (result.kind === "stored" ? result.entry : result.winner);

function firstOnSubject(open: OpenBus): void {
  const bus = busOfEachTest(open);

  it("has exactly one winner among many racers, and every loser reads that winner", async () => {
    const ref = aRequest();
    const events = Array.from({ length: RACERS }, () => anEvent(ref));

    const results = await Promise.all(
      events.map((event) => bus.log.append(decidedOf(ref), event, { first: true })),
    );

    const winners = results.flatMap((result, index) => (result.kind === "stored" ? [events[index]?.id] : []));
    expect(winners).toHaveLength(1);
    expect(new Set(results.map((result) => storedIn(result).event.id))).toEqual(new Set(winners));
    expect(new Set(results.map((result) => storedIn(result).seq)).size).toBe(1);
    expect((await bus.log.last(decidedOf(ref)))?.event.id).toBe(winners[0]);
  });

  it("has one winner in each of many races at once", async () => {
    const refs = Array.from({ length: 20 }, () => aRequest());

    const races = await Promise.all(
      refs.map((ref) =>
        Promise.all(
          Array.from({ length: 5 }, () => bus.log.append(decidedOf(ref), anEvent(ref), { first: true })),
        ),
      ),
    );

    for (const results of races) {
      expect(results.filter(({ kind }) => kind === "stored")).toHaveLength(1);
      expect(new Set(results.map((result) => storedIn(result).event.id)).size).toBe(1);
    }
  });

  it("recognizes its own event: a retry is reported as stored and adds nothing", async () => {
    const ref = aRequest();
    const event = anEvent(ref);
    const first = await bus.log.append(decidedOf(ref), event, { first: true });

    const again = await bus.log.append(decidedOf(ref), event, { first: true });

    expect(again).toMatchObject({
      kind: "stored",
      entry: { seq: storedIn(first).seq, event: { id: event.id } },
    });
    expect(await bus.log.below(requestPrefix(ref))).toHaveLength(1);
  });

  it("recognizes its own event when several attempts run at the same time", async () => {
    const ref = aRequest();
    const event = anEvent(ref);

    const results = await Promise.all(
      Array.from({ length: 5 }, () => bus.log.append(decidedOf(ref), event, { first: true })),
    );

    expect(results.map(({ kind }) => kind)).toEqual(Array(5).fill("stored"));
    expect(new Set(results.map((result) => storedIn(result).seq)).size).toBe(1);
  });

  it("recognizes its own event after a restart", async () => {
    const ref = aRequest();
    const event = anEvent(ref);
    await bus.log.append(decidedOf(ref), event, { first: true });

    await bus.restart();

    expect(await bus.log.append(decidedOf(ref), event, { first: true })).toMatchObject({ kind: "stored" });
    expect(await bus.log.append(decidedOf(ref), anEvent(ref), { first: true })).toMatchObject({
      kind: "lost",
      winner: { event: { id: event.id } },
    });
  });

  it("loses to an event that is stored, on every retry", async () => {
    const ref = aRequest();
    const winner = anEvent(ref);
    await bus.log.append(decidedOf(ref), winner, { first: true });
    const late = anEvent(ref);

    for (const attempt of [1, 2]) {
      expect(await bus.log.append(decidedOf(ref), late, { first: true }), `attempt ${attempt}`).toMatchObject(
        {
          kind: "lost",
          winner: { subject: decidedOf(ref), event: { id: winner.id } },
        },
      );
    }
    expect(await bus.log.below(requestPrefix(ref))).toHaveLength(1);
  });
}

function appendAndRead(open: OpenBus): void {
  const bus = busOfEachTest(open);

  it("reads an acknowledged event at once", async () => {
    await Promise.all(
      Array.from({ length: 30 }, async () => {
        const ref = aRequest();
        const event = anEvent(ref);
        await bus.log.append(copySubject(ref, 1), event);
        expect((await bus.log.last(copySubject(ref, 1)))?.event.id).toBe(event.id);
        expect((await bus.log.newest(requestPrefix(ref)))?.event.id).toBe(event.id);
        expect((await bus.log.below(requestPrefix(ref))).map((entry) => entry.event.id)).toEqual([event.id]);
      }),
    );
  });

  it("stores an event of the same id once", async () => {
    const ref = aRequest();
    const event = anEvent(ref);

    const first = await bus.log.append(copySubject(ref, 1), event);
    const again = await bus.log.append(copySubject(ref, 1), event);

    expect(storedIn(again).seq).toBe(storedIn(first).seq);
    expect(again.kind).toBe("stored");
  });

  it("returns the newest entry of exactly the given subject", async () => {
    const ref = aRequest();
    const [older, newer] = [anEvent(ref), anEvent(ref)];
    const first = await bus.log.append(copySubject(ref, 1), older);
    const second = await bus.log.append(copySubject(ref, 1), newer);
    await bus.log.append(copySubject(ref, 11), anEvent(ref));

    const last = await bus.log.last(copySubject(ref, 1));

    expect(last).toMatchObject({
      subject: copySubject(ref, 1),
      seq: storedIn(second).seq,
      event: { id: newer.id },
    });
    expect(storedIn(second).seq).toBeGreaterThan(storedIn(first).seq);
    expect(await bus.log.last(copySubject(ref, 2))).toBeUndefined();
  });

  it("returns the newest entry of each subject below a prefix, oldest first", async () => {
    const ref = aRequest();
    await bus.log.append(copySubject(ref, 1), anEvent(ref));
    await bus.log.append(copySubject(ref, 2), anEvent(ref));
    const newest = anEvent(ref);
    await bus.log.append(copySubject(ref, 1), newest);

    const entries = await bus.log.below(requestPrefix(ref));

    expect(entries.map(({ subject }) => subject)).toEqual([copySubject(ref, 2), copySubject(ref, 1)]);
    expect(entries.at(-1)?.event.id).toBe(newest.id);
  });

  it("returns the newest entry of all subjects below a prefix", async () => {
    const ref = aRequest();
    const newest = anEvent(ref);
    await bus.log.append(copySubject(ref, 2), anEvent(ref));
    await bus.log.append(copySubject(ref, 1), newest);
    await bus.log.append(copySubject(aRequest(), 3), anEvent(ref));

    expect(await bus.log.newest(requestPrefix(ref))).toEqual(await bus.log.last(copySubject(ref, 1)));
    expect((await bus.log.newest(requestPrefix(ref)))?.event).toEqual(newest);
    expect(await bus.log.newest(requestPrefix(aRequest()))).toBeUndefined();
  });

  it("returns everything up to the entry in `atLeast` at once", async () => {
    const looks = Array.from({ length: 200 }, async () => {
      const ref = aRequest();
      await bus.log.append(copySubject(ref, 1), anEvent(ref));
      const second = storedIn(await bus.log.append(copySubject(ref, 2), anEvent(ref)));
      const entries = await bus.log.below(requestPrefix(ref), second.seq);
      return [ref, entries] as const;
    });
    for (const [ref, entries] of await Promise.all(looks)) {
      expect(entries.map(({ subject }) => subject)).toEqual([copySubject(ref, 1), copySubject(ref, 2)]);
    }
  });

  it("never mixes a request with another one whose id begins with its id", async () => {
    const ref = aRequest();
    const others = ["-", "_", "-1", "0", "a", "Z"].map((more) => ({ ...ref, id: `${ref.id}${more}` }));
    const own = anEvent(ref);
    for (const other of others) await bus.log.append(copySubject(other, 1), anEvent(other));
    await bus.log.append(copySubject(ref, 1), own);

    expect((await bus.log.below(requestPrefix(ref))).map(({ event }) => event.id)).toEqual([own.id]);
    expect((await bus.log.newest(requestPrefix(ref)))?.event.id).toBe(own.id);
    expect(await bus.log.below(requestPrefix({ ...ref, id: ref.id.slice(0, -1) }))).toEqual([]);
    expect(await bus.log.below(requestPrefix(aRequest()))).toEqual([]);
  });

  it("keeps unknown members of an event", async () => {
    const ref = aRequest();
    const event = anEvent(ref, { later: { nested: ["✓ ünïcode", 1, null] }, data: { unknown: true } });

    const result = await bus.log.append(copySubject(ref, 1), event);

    expect(storedIn(result).event).toEqual(event);
    expect((await bus.log.last(copySubject(ref, 1)))?.event).toEqual(event);
  });

  it("never stores an event that could not be parsed back", async () => {
    const ref = aRequest();

    const broken = bus.log.append(copySubject(ref, 1), anEvent(ref, { time: "yesterday" }));

    await expect(broken).rejects.toThrow("time");
    await expect(broken).rejects.toThrow(Rejected);
    expect(await bus.log.last(copySubject(ref, 1))).toBeUndefined();
  });

  it("rejects what no retry can store: nested too deep, or with the id of another subject's event", async () => {
    const ref = aRequest();
    const deep: unknown = JSON.parse(`${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`);
    const nested = bus.log.append(copySubject(ref, 1), anEvent(ref, { data: { deep } }));
    await expect(nested).rejects.toThrow(Rejected);

    const event = anEvent(ref);
    await bus.log.append(copySubject(ref, 2), event);
    const elsewhere = bus.log.append(copySubject(ref, 3), event);
    await expect(elsewhere).rejects.toThrow(Rejected);
    await expect(elsewhere).rejects.toThrow("identity of its subject");
    expect(await bus.log.below(requestPrefix(ref))).toHaveLength(1);
  });

  it("reports when an entry was stored, in UTC with milliseconds", async () => {
    const ref = aRequest();
    const before = Date.now();
    await bus.log.append(copySubject(ref, 1), anEvent(ref));
    const after = Date.now();

    const entry = await bus.log.last(copySubject(ref, 1));

    expect(entry?.storedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(Date.parse(entry?.storedAt ?? "")).toBeGreaterThanOrEqual(before - 5);
    expect(Date.parse(entry?.storedAt ?? "")).toBeLessThanOrEqual(after + 5);
  });

  it("keeps acknowledged events across a restart", async () => {
    const ref = aRequest();
    const subjects = await appendCopies(bus.log, ref, 30);

    await bus.restart();

    const entries = await bus.log.below(requestPrefix(ref));
    expect(entries.map(({ subject }) => subject).sort()).toEqual(subjects.sort());
  });
}
