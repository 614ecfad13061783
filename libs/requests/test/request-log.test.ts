import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CreatedEvent,
  DecidedEvent,
  type LogEntry,
  newRequestId,
  type RequestRef,
} from "@loopgate/contracts";
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

const golden = async (name: string): Promise<unknown> =>
  JSON.parse(await readFile(new URL(`../../contracts/golden/request.${name}.json`, import.meta.url), "utf8"));

async function aQuestion(ref: RequestRef, by = "first"): Promise<CreatedEvent> {
  const created = CreatedEvent.parse(await golden("created.v1"));
  return { ...created, id: `${ref.id}.created.${by}`, subject: ref.id };
}

async function aDecision(ref: RequestRef, by: string): Promise<DecidedEvent> {
  const decided = DecidedEvent.parse(await golden("decided.v1.answered"));
  return { ...decided, id: `${ref.id}.decided.${by}`, subject: ref.id };
}

/** Asks a question, and gives it as the log holds it. */
async function asked(ref: RequestRef): Promise<LogEntry<CreatedEvent>> {
  await requests.submit(await aQuestion(ref));
  return (await requests.created(ref))!;
}

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

const aRef = (): RequestRef => ({ tenant: "default", id: newRequestId() });

describe("submitting", () => {
  it("creates once; a retry is the same, and another submission finds what stands", async () => {
    const ref = aRef();
    const [mine, other] = [await aQuestion(ref), await aQuestion(ref, "other")];
    expect((await requests.submit(mine)).kind).toBe("created");
    expect((await requests.submit(mine)).kind).toBe("created");
    expect(await requests.submit(other)).toMatchObject({
      kind: "exists",
      created: { event: { id: mine.id } },
    });
  });
});

describe("a log that is nearly full", () => {
  it("takes no more questions, and every decision", async () => {
    const path = join(folder, "small.db");
    await using small = await openSqliteBus({ path, retentionMs, maxBytes: 1_000_000 });
    const log = new RequestLog({ log: small.log, retentionMs });
    const big = { text: "x".repeat(10_000) };
    const ask = async (ref: RequestRef) => {
      const question = await aQuestion(ref);
      await log.submit({ ...question, data: { ...question.data, metadata: big } });
    };
    const refs = Array.from({ length: 100 }, aRef);

    const asked = await Promise.allSettled(refs.map(ask));

    const refused = asked.flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.every((reason) => reason instanceof LogFull)).toBe(true);
    for (const ref of refs.filter((_, index) => asked[index]?.status === "fulfilled")) {
      expect((await log.decide(ref, async () => ({ decide: await aDecision(ref, "somebody") }))).kind).toBe(
        "own",
      );
    }
  });
});

describe("deciding", () => {
  it("has one winner; its own retry owns the decision again, all others are told whose it is", async () => {
    const ref = aRef();
    await asked(ref);
    const attempts = await Promise.all(Array.from({ length: 20 }, (_, n) => aDecision(ref, `person-${n}`)));
    const results = await Promise.all(
      attempts.map((attempt) => requests.decide(ref, () => ({ decide: attempt }))),
    );
    const [winner] = attempts.filter((_, n) => results[n]?.kind === "own");
    expect(results.filter(({ kind }) => kind === "own")).toHaveLength(1);
    for (const result of results) expect(result).toMatchObject({ decision: { event: { id: winner?.id } } });
    expect((await requests.decide(ref, () => ({ decide: winner! }))).kind).toBe("own");
  });
});

describe("whoever counts", () => {
  it("hears of a decision once, from whom it was first, and of what lost", async () => {
    const ref = aRef();
    await asked(ref);
    const [first, second] = [anObserver(), anObserver()];
    const observed = (observer: typeof first) => new RequestLog({ log: bus.log, retentionMs, observer });
    const decision = await aDecision(ref, "first");

    await observed(first).decide(ref, () => ({ decide: decision }));
    await observed(second).decide(ref, () => ({ decide: { ...decision, time: new Date().toISOString() } }));
    await observed(second).decide(ref, async () => ({ decide: await aDecision(ref, "other") }));
    await observed(second).submit(await aQuestion(ref, "other"));

    expect(first).toMatchObject({ decisions: [`${ref.id} answered`], losses: [] });
    expect(second).toMatchObject({ decisions: [], losses: ["decided", "created"] });
  });
});

describe("a question in its last day of retention", () => {
  it("is gone for everybody: not read, not found, not decided", async () => {
    const ref = aRef();
    await asked(ref);
    ageMs = retentionMs - DAY_MS;
    expect(await requests.decide(ref, async () => ({ decide: await aDecision(ref, "late") }))).toEqual({
      kind: "gone",
    });
    expect(await requests.created(ref)).toBeUndefined();
    expect(await requests.read(ref)).toEqual({});
    expect(await requests.decision(ref)).toBeUndefined();
  });

  it("can be decided until then", async () => {
    const ref = aRef();
    await asked(ref);
    ageMs = retentionMs - DAY_MS - 60_000;
    expect(await requests.created(ref)).toMatchObject({ event: { subject: ref.id } });
    expect((await requests.decide(ref, async () => ({ decide: await aDecision(ref, "in time") }))).kind).toBe(
      "own",
    );
  });

  it("leaves its decision to be read: an id with a decision is known", async () => {
    const ref = aRef();
    await asked(ref);
    const decision = await aDecision(ref, "in time");
    await requests.decide(ref, () => ({ decide: decision }));
    ageMs = retentionMs;
    expect(Object.values(await requests.read(ref)).map(({ event }) => event.id)).toEqual([decision.id]);
    expect((await requests.decision(ref))?.event.id).toBe(decision.id);
  });
});
