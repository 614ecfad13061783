import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CreatedEvent, type DecidedEvent, eventKey, refOf, requestSubject } from "@loopgate/contracts";
import { aDecision, anOpening, aQuestion } from "@loopgate/testing/builders";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LogFull } from "@loopgate/bus";
import { openSqliteBus, type SqliteBus } from "@loopgate/bus/sqlite";
import { RequestLog } from "../src/index.ts";

const DAY_MS = 86_400_000;
const retentionMs = 90 * DAY_MS;
let folder: string;
let bus: SqliteBus;
let ageMs: number;
let requests: RequestLog;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "loopgate-request-log-"));
  bus = await openSqliteBus({ path: join(folder, "loopgate.db"), retentionMs });
  ageMs = 0;
  requests = new RequestLog({ log: bus.log, retentionMs, now: () => new Date(Date.now() + ageMs) });
});
afterEach(async () => {
  await bus[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** A question that the log holds. */
async function submitted(): Promise<CreatedEvent> {
  const created = aQuestion();
  await requests.submit(created);
  return created;
}

const decide = (created: CreatedEvent, decision = aDecision(created)) =>
  requests.decide(refOf(created), () => ({ decide: decision }));

/** An observer that remembers what it heard: `<request id> <kind of its decision>`, and the events that lost. */
function anObserver() {
  const decisions: string[] = [];
  const losses: string[] = [];
  return {
    decisions,
    losses,
    decided: ({ subject }: CreatedEvent, { data }: DecidedEvent) =>
      void decisions.push(`${subject} ${data.kind}`),
    lost: (event: string) => void losses.push(event),
  };
}

describe("submitting", () => {
  it("creates once; a retry is the same, and another submission finds the first", async () => {
    const first = aQuestion();
    const other = aQuestion({ id: first.subject, at: new Date(0) });
    expect((await requests.submit(first)).kind).toBe("created");
    expect((await requests.submit(first)).kind).toBe("created");
    expect(await requests.submit(other)).toMatchObject({
      kind: "exists",
      created: { event: { id: first.id } },
    });
  });
});

describe("a log that is nearly full", () => {
  it("takes no more questions, and every decision", async () => {
    const path = join(folder, "small.db");
    await using small = await openSqliteBus({ path, retentionMs, maxBytes: 1_000_000 });
    const log = new RequestLog({ log: small.log, retentionMs });
    const metadata = { text: "x".repeat(10_000) };
    const questions = Array.from({ length: 100 }, () => aQuestion({ metadata }));

    const results = await Promise.allSettled(questions.map((question) => log.submit(question)));

    const refused = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.every((reason) => reason instanceof LogFull)).toBe(true);
    for (const created of questions.filter((_, index) => results[index]?.status === "fulfilled")) {
      const result = await log.decide(refOf(created), () => ({ decide: aDecision(created) }));
      expect(result.kind).toBe("own");
    }
  });
});

describe("deciding", () => {
  it("has one winner; its own retry owns the decision again, all others are told whose it is", async () => {
    const created = await submitted();
    const attempts = Array.from({ length: 20 }, (_, n) => aDecision(created, { key: `person-${n}` }));
    const results = await Promise.all(attempts.map((attempt) => decide(created, attempt)));
    const [winner] = attempts.filter((_, n) => results[n]?.kind === "own");
    expect(results.filter(({ kind }) => kind === "own")).toHaveLength(1);
    for (const result of results) expect(result).toMatchObject({ decision: { event: { id: winner?.id } } });
    expect((await decide(created, winner)).kind).toBe("own");
  });
});

describe("an opening", () => {
  const alice = { person: "p_1", name: "Alice", channel: "web" };
  const openingsOf = async (created: CreatedEvent) =>
    Object.values(await requests.read(refOf(created))).filter(
      ({ event }) => event.type === "loopgate.request.seen.v1",
    );

  it("is recorded once for each person, and the first one counts", async () => {
    const created = await submitted();
    await requests.recordSeen(refOf(created), alice);
    const first = await openingsOf(created);
    await requests.recordSeen(refOf(created), { ...alice, name: "Renamed" });
    expect(await openingsOf(created)).toEqual(first);
    await requests.recordSeen(refOf(created), { ...alice, person: "p_2" });
    expect(await openingsOf(created)).toHaveLength(2);
  });

  it("of an earlier question with the same id does not count for this one", async () => {
    const earlier = aQuestion({ at: new Date(Date.now() - DAY_MS) });
    await bus.log.append(
      requestSubject(refOf(earlier), eventKey.seen(alice.person)),
      anOpening(earlier, alice.person),
    );
    const created = aQuestion({ id: earlier.subject });
    await requests.submit(created);
    expect(await openingsOf(created)).toHaveLength(0);
    await requests.recordSeen(refOf(created), alice);
    expect(await openingsOf(created)).toHaveLength(1);
  });

  it("of a question that is gone is not recorded", async () => {
    const created = await submitted();
    ageMs = retentionMs;
    expect(await requests.recordSeen(refOf(created), alice)).toBe(false);
    ageMs = 0;
    expect(await openingsOf(created)).toEqual([]);
  });
});

describe("an observer", () => {
  it("hears of a decision once, from the process that was first, and of what lost", async () => {
    const created = await submitted();
    const [first, second] = [anObserver(), anObserver()];
    const observed = (observer: typeof first) => new RequestLog({ log: bus.log, retentionMs, observer });
    const decision = aDecision(created, { key: "first" });
    const later = { ...decision, time: new Date(Date.parse(decision.time) + 1_000).toISOString() };
    const other = aDecision(created, { key: "other" });

    await observed(first).decide(refOf(created), () => ({ decide: decision }));
    await observed(second).decide(refOf(created), () => ({ decide: later }));
    await observed(second).decide(refOf(created), () => ({ decide: other }));
    await observed(second).submit(aQuestion({ id: created.subject, at: new Date(0) }));

    expect(first).toMatchObject({ decisions: [`${created.subject} answered`], losses: [] });
    expect(second).toMatchObject({ decisions: [], losses: ["decided", "created"] });
  });
});

describe("a question in its last day of retention", () => {
  it("is gone: not read, not found, not decided", async () => {
    const created = await submitted();
    ageMs = retentionMs - DAY_MS;
    expect(await decide(created)).toEqual({ kind: "gone" });
    expect(await requests.created(refOf(created))).toBeUndefined();
    expect(await requests.read(refOf(created))).toEqual({});
    expect(await requests.decision(refOf(created))).toBeUndefined();
  });

  it("can be decided until then", async () => {
    const created = await submitted();
    ageMs = retentionMs - DAY_MS - 60_000;
    expect(await requests.created(refOf(created))).toMatchObject({ event: { subject: created.subject } });
    expect((await decide(created)).kind).toBe("own");
  });

  it("leaves its decision to be read: an id with a decision is known", async () => {
    const created = await submitted();
    const decision = aDecision(created);
    await decide(created, decision);
    ageMs = retentionMs;
    expect(Object.values(await requests.read(refOf(created))).map(({ event }) => event.id)).toEqual([
      decision.id,
    ]);
    expect((await requests.decision(refOf(created)))?.event.id).toBe(decision.id);
  });
});
