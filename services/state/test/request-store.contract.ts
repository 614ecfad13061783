import { createdOf, fold, viewOf } from "@loopgate/domain";
import * as fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import type { ListFilter, ListPage, RequestStore } from "../src/index.ts";
import { newRequestId, parsedEntry, type ParsedEntry, refOf, requestSubject } from "@loopgate/contracts";
import { requestListsContract } from "./request-lists.contract.ts";
import { aQuestion, aCancellation, aDelivery, entriesFrom, entriesOf } from "@loopgate/testing/builders";

interface Lives {
  readonly firstSeq: number;
  readonly decided: boolean;
  readonly copies: number;
  readonly askedAgain: boolean;
  readonly decidedAgain: boolean;
}

/** Sequences on both sides of where numbers change their size in databases. */
const lives: fc.Arbitrary<Lives> = fc.record({
  firstSeq: fc.constantFrom(1, 2 ** 31 - 3, 2 ** 40),
  decided: fc.boolean(),
  copies: fc.nat(3),
  askedAgain: fc.boolean(),
  decidedAgain: fc.boolean(),
});

/** A request's events, of a second life too, when its id was asked again after the first had aged out. */
function entriesOfLives(life: Lives, session: string): ParsedEntry[] {
  const { firstSeq, decided, copies, askedAgain, decidedAgain } = life;
  const created = aQuestion({ session });
  const delivered = Array.from({ length: copies }, (_, copy) => aDelivery(created, `${copy}`));
  const first = entriesFrom(firstSeq, created, ...delivered, ...(decided ? [aCancellation(created)] : []));
  if (!askedAgain) return first;
  const again = aQuestion({ session, id: created.subject, at: new Date(Date.now() + 1_000) });
  const later = [again, aDelivery(again, "0"), ...(decidedAgain ? [aCancellation(again)] : [])];
  return [...first, ...entriesFrom(firstSeq + 10, ...later)];
}

/** What every request store must do. `open` gives an empty store; `reopen` the same one in a new process's eyes. */
export function requestStoreContract(
  open: () => Promise<{ store: RequestStore; reopen: () => Promise<RequestStore> }>,
): void {
  let store: RequestStore;
  let reopen: () => Promise<RequestStore>;
  beforeEach(async () => {
    ({ store, reopen } = await open());
  });

  const idsOf = async (filter: Partial<ListFilter> = {}, page: Partial<Omit<ListPage, "filter">> = {}) => {
    const pending = { tenant: "default", statuses: ["pending"], ...filter } as const;
    const found = await store.list({ filter: pending, order: "asc", limit: 100, ...page });
    return found.map((set) => createdOf(set)?.event.subject ?? "");
  };

  describe("merge", () => {
    it("makes the same document of any order, repetition and batching, and lists it when it is pending", async () => {
      await fc.assert(
        fc.asyncProperty(lives, fc.infiniteStream(fc.nat(1_000)), fc.nat(6), async (life, order, cut) => {
          const session = newRequestId();
          const entries = entriesOfLives(life, session);
          const mixed = [...entries, ...entries].sort(() => (order.next().value ?? 0) - 500);
          await store.merge(mixed.slice(0, cut));
          await store.merge(mixed.slice(cut));
          const expected = fold(entries);
          const { tenant, subject: id } = entries[0]!.event;
          expect(await store.get({ tenant, id })).toEqual(expected);
          const isPending = viewOf(expected)?.status === "pending";
          expect(await idsOf({ sessionId: session })).toEqual(isPending ? [id] : []);
        }),
        { numRuns: 60 },
      );
    });

    it("lets a question that is asked again after its first life be pending, where its new time puts it", async () => {
      const first = aQuestion({ at: new Date(1_800_000_000_000) });
      const between = aQuestion({ at: new Date(1_800_000_001_000) });
      const again = aQuestion({ id: first.subject, at: new Date(1_800_000_002_000) });
      await store.merge(entriesFrom(90, again));
      await store.merge([...entriesFrom(1, first, aCancellation(first)), ...entriesFrom(3, between)]);
      expect(await idsOf()).toEqual([between.subject, first.subject]);
      await store.merge(entriesFrom(91, aCancellation(again)));
      expect(await idsOf()).toEqual([between.subject]);
    });

    it("ignores events that it does not know", async () => {
      const created = aQuestion();
      const [entry] = entriesOf(created);
      const unknown = { ...created, type: "loopgate.request.routed.v1" };
      const subject = requestSubject(refOf(created), "routed.1");
      const routed = parsedEntry({ seq: 2, subject, event: unknown });
      await store.merge([entry!, routed]);
      await store.merge([routed]);
      expect(await store.get(refOf(created))).toEqual(fold([entry!]));
    });

    it("keeps any text and any metadata as it came", async () => {
      const created = aQuestion({ session: "s\u0000$.", client: "\ud800" });
      created.data.prompt.message = "\u0000 \ud83d 𝄞 $set";
      created.data.metadata = { "a.b": { $gt: 1, "": [null, { "\u0000": "x" }] }, __proto__x: true };
      await store.merge(entriesOf(created));
      expect(await store.get(refOf(created))).toEqual(fold(entriesOf(created)));
      expect(await idsOf({ sessionId: "s\u0000$." })).toEqual([created.subject]);
    });

    it("keeps tenants apart, also if they had the same id", async () => {
      const ours = aQuestion();
      const theirs = { ...aQuestion({ id: ours.subject }), tenant: "other" };
      await store.merge([...entriesOf(ours, aCancellation(ours)), ...entriesOf(theirs)]);
      expect(viewOf((await store.get(refOf(ours))) ?? {})?.status).toBe("cancelled");
      expect(viewOf((await store.get(refOf(theirs))) ?? {})?.status).toBe("pending");
      expect(await idsOf()).toEqual([]);
      expect(await idsOf({ tenant: "other" })).toEqual([ours.subject]);
    });

    it("keeps requests apart when a batch mixes them", async () => {
      const [a, b] = [aQuestion(), aQuestion()];
      await store.merge([...entriesOf(a), ...entriesOf(b), ...entriesOf(a, aCancellation(a)).slice(1)]);
      expect(viewOf((await store.get(refOf(a))) ?? {})?.status).toBe("cancelled");
      expect(viewOf((await store.get(refOf(b))) ?? {})?.status).toBe("pending");
    });

    it("survives being opened again", async () => {
      const created = aQuestion();
      await store.merge(entriesOf(created));
      expect(await (await reopen()).get(refOf(created))).toEqual(fold(entriesOf(created)));
    });
  });

  it("knows nothing of an id that it never saw, nor of another tenant's", async () => {
    const created = aQuestion();
    await store.merge(entriesOf(created));
    expect(await store.get(refOf(aQuestion()))).toBeUndefined();
    expect(await store.get({ tenant: "other", id: created.subject })).toBeUndefined();
  });

  it("counts what a tenant has pending, and no further than asked", async () => {
    const [a, b, done] = [aQuestion(), aQuestion(), aQuestion()];
    const theirs = { ...aQuestion(), tenant: "other" };
    await store.merge([a, b, theirs].flatMap((created) => entriesOf(created)));
    await store.merge(entriesOf(done, aCancellation(done)));
    const countOf = (tenant: string, limit: number) => store.count({ tenant, statuses: ["pending"] }, limit);
    expect(await countOf("default", 100)).toBe(2);
    expect(await countOf("default", 1)).toBe(1);
    expect(await countOf("unknown", 100)).toBe(0);
  });

  describe("lists by filters", () => {
    requestListsContract(() => store);
  });

  describe("the list of pending requests", () => {
    it("is oldest first and leaves out what is decided, or has only a decision so far", async () => {
      const at = (second: number) => aQuestion({ at: new Date(1_800_000_000_000 + second * 1_000) });
      const [late, early, done, headless] = [at(3), at(1), at(2), at(0)];
      await store.merge([...entriesOf(late), ...entriesOf(early), ...entriesOf(done, aCancellation(done))]);
      await store.merge(entriesOf(headless, aCancellation(headless)).slice(1));
      expect(await idsOf()).toEqual([early.subject, late.subject]);
    });

    it("is filtered by session and by client", async () => {
      const [a, b, c] = [
        aQuestion({ session: "x", client: "y" }),
        aQuestion({ session: "x" }),
        aQuestion({ client: "y" }),
      ];
      await store.merge([a, b, c].flatMap((created) => entriesOf(created)));
      expect(new Set(await idsOf({ sessionId: "x" }))).toEqual(new Set([a.subject, b.subject]));
      expect(new Set(await idsOf({ clientId: "y" }))).toEqual(new Set([a.subject, c.subject]));
      expect(await idsOf({ sessionId: "x", clientId: "y" })).toEqual([a.subject]);
    });

    it("pages behind a position without gaps or repeats, also among equal times", async () => {
      const at = new Date(1_800_000_000_000);
      const all = Array.from({ length: 7 }, () => aQuestion({ at }));
      await store.merge(all.flatMap((created) => entriesOf(created)));
      const first = await idsOf({}, { limit: 3 });
      const after = { createdAt: at.toISOString(), id: first.at(-1) ?? "" };
      const rest = await idsOf({}, { after });
      expect([...first, ...rest]).toEqual(all.map((created) => created.subject).sort());
    });
  });
}
