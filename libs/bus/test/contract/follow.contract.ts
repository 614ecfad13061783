import { eventKey, type LogEntry, receivedSubject, requestSubject } from "@loopgate/contracts";
import { expect, it } from "vitest";
import { type EventLog, type FollowedPage, Unavailable } from "../../src/index.ts";
import { anEvent, appendCopies, aRequest, copySubject } from "./support/events.ts";
import { busOfEachTest, eventually, type OpenBus } from "./support/bus-under-test.ts";
import { aFollower, type Follower } from "./support/follower.ts";
import { usedMemory } from "./support/memory.ts";

/** What {@link EventLog.follow} promises. */
export function followContract(open: OpenBus): void {
  const bus = busOfEachTest(open);

  const follow = (after: number): Follower => bus.own(aFollower(bus.log, after));

  /** Appends a last event, and waits until the follower has read it. */
  async function readSoFar({ entries }: Follower): Promise<readonly LogEntry[]> {
    const ref = aRequest();
    const marker = anEvent(ref);
    await bus.log.append(copySubject(ref, 999), marker);
    await expect.poll(() => entries.at(-1)?.event.id, eventually).toBe(marker.id);
    return entries.slice(0, -1);
  }

  it("reads what was stored after a sequence, then what comes, as the log holds it and in its order", async () => {
    const head = await bus.log.head();
    const [early, late] = [aRequest(), aRequest()];
    await bus.log.append(receivedSubject(early.tenant, "socket", "1"), anEvent(early));
    await appendCopies(bus.log, early, 700);
    const follower = follow(head);
    await Promise.all([appendCopies(bus.log, early, 50), appendCopies(bus.log, late, 300)]);

    const read = await readSoFar(follower);

    const sequences = read.map(({ seq }) => seq);
    expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => a - b));
    expect(read).toEqual(await storedAfter(bus.log, head));
    expect(read).toHaveLength(1_050);
  });

  it("reads nothing that was stored before the head", async () => {
    await appendCopies(bus.log, aRequest(), 5);
    const head = await bus.log.head();

    const follower = follow(head);

    expect(await readSoFar(follower)).toEqual([]);
  });

  it("never reads an event that lost a race", async () => {
    const follower = follow(await bus.log.head());
    const ref = aRequest();
    const decided = requestSubject(ref, eventKey.decided);

    await Promise.all(
      Array.from({ length: 50 }, () => bus.log.append(decided, anEvent(ref), { first: true })),
    );

    expect(await readSoFar(follower)).toEqual([await bus.log.last(decided)]);
  });

  it("continues after any of its entries, also after a restart", async () => {
    const head = await bus.log.head();
    await appendCopies(bus.log, aRequest(), 20);
    const all = await readSoFar(follow(head));
    await bus.restart();

    for (const [index, { seq }] of all.entries()) {
      await using follower = aFollower(bus.log, seq);
      await expect.poll(() => follower.entries.length, eventually).toBe(all.length - index);
      expect(follower.entries.slice(0, -1)).toEqual(all.slice(index + 1));
    }
  });

  it("serves many followers, each from its own sequence", async () => {
    const head = await bus.log.head();
    await appendCopies(bus.log, aRequest(), 10);
    const followers = Array.from({ length: 8 }, (_, index) => follow(head + index));

    for (const [index, { entries }] of followers.entries()) {
      await expect.poll(() => entries.length, eventually).toBe(10 - index);
      expect(entries[0]?.seq).toBe(head + index + 1);
    }
  });

  it("takes no memory for what a slow reader has not asked for", async () => {
    const stop = new AbortController();
    const head = await bus.log.head();
    const pages = bus.log.follow({ after: head, signal: stop.signal })[Symbol.asyncIterator]();
    const ref = aRequest();
    await bus.log.append(copySubject(ref, 0), anEvent(ref));
    await pages.next();
    const before = await usedMemory();

    for (let copy = 1; copy <= 150; copy++) {
      await bus.log.append(copySubject(ref, copy), anEvent(ref, { data: { text: "x".repeat(200_000) } }));
    }

    expect((await usedMemory()) - before).toBeLessThan(10_000_000);
    let read = 0;
    for (let page = await pages.next(); read < 150; page = await pages.next()) {
      read += entriesIn(page).length;
      if (read === 150) stop.abort();
    }
  });

  it("ends at once when it is aborted while it waits", async () => {
    const stop = new AbortController();
    const { signal } = stop;
    const pages = bus.log.follow({ after: await bus.log.head(), signal })[Symbol.asyncIterator]();
    const waiting = pages.next();
    stop.abort();

    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(entriesIn(await bus.log.follow({ after: 0, signal })[Symbol.asyncIterator]().next())).toEqual([]);
  });

  it("is gone if events after the sequence have left the log", async () => {
    await appendCopies(bus.log, aRequest(), 3);
    const old = await bus.log.head();
    await appendCopies(bus.log, aRequest(), 3);
    await bus.dropEvents();
    const head = await bus.log.head();

    expect(await follow(old).ended).toBe("gone");
    const follower = follow(head);
    await appendCopies(bus.log, aRequest(), 3);
    expect(await follow(head - 1).ended).toBe("gone");
    expect(await readSoFar(follower)).toHaveLength(3);
  });

  it("is gone if the log loses events that a slow reader has not read", async () => {
    const head = await bus.log.head();
    await appendCopies(bus.log, aRequest(), 10);
    const stop = new AbortController();
    const pages = bus.log.follow({ after: head, signal: stop.signal })[Symbol.asyncIterator]();
    expect(entriesIn(await pages.next()).length).toBeGreaterThan(0);

    await appendCopies(bus.log, aRequest(), 10);
    await bus.dropEvents();
    await appendCopies(bus.log, aRequest(), 10);

    expect(await pages.next()).toEqual({ done: false, value: { kind: "gone" } });
    expect((await pages.next()).done).toBe(true);
  });

  it("is gone if the sequence is not from this log", async () => {
    await appendCopies(bus.log, aRequest(), 3);
    expect(await follow((await bus.log.head()) + 1_000).ended).toBe("gone");
  });

  it("fails when the log is closed under it", async () => {
    const follower = follow(await bus.log.head());
    await readSoFar(follower);

    await bus.restart();

    await expect(follower.ended).rejects.toThrow(Unavailable);
  });
}

/** Everything after a sequence as a replay reads it, without the last event. */
async function storedAfter(log: EventLog, after: number): Promise<readonly LogEntry[]> {
  const pages = await Array.fromAsync(log.replay("loopgate.req.v1.>"));
  return pages
    .flatMap(({ entries }) => entries)
    .filter(({ seq }) => seq > after)
    .slice(0, -1);
}

const entriesIn = (page: IteratorResult<FollowedPage>): readonly LogEntry[] =>
  page.done !== true && page.value.kind === "entries" ? page.value.entries : [];
