import { createdOf, fold, viewOf } from "@loopgate/domain";
import * as fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import type { RequestStore } from "../src/index.ts";
import { aCreated, aDecided, aDelivered, entriesOf, refOf } from "./a-request.ts";

/** What every request store must do. `open` gives an empty store; `reopen` the same one in a new process's eyes. */
export function requestStoreContract(
  open: () => Promise<{ store: RequestStore; reopen: () => Promise<RequestStore> }>,
): void {
  let store: RequestStore;
  let reopen: () => Promise<RequestStore>;
  beforeEach(async () => {
    ({ store, reopen } = await open());
  });

  const idsOf = async (page: Partial<Parameters<RequestStore["listPending"]>[0]> = {}) =>
    (await store.listPending({ tenant: "default", limit: 100, ...page })).map(
      (set) => createdOf(set)?.event.subject,
    );

  describe("merge", () => {
    it("gives the same document for any order, repetition and batching", async () => {
      const lives = fc.record({
        decided: fc.boolean(),
        copies: fc.nat(3),
        seed: fc.infiniteStream(fc.nat(1_000)),
      });
      await fc.assert(
        fc.asyncProperty(lives, fc.nat(4), async ({ decided, copies, seed }, cut) => {
          const created = aCreated();
          const delivered = Array.from({ length: copies }, (_, copy) => aDelivered(created, `${copy}`));
          const entries = entriesOf(created, ...delivered, ...(decided ? [aDecided(created)] : []));
          const mixed = [...entries, ...entries].sort(() => (seed.next().value ?? 0) - 500);
          await store.merge(mixed.slice(0, cut));
          await store.merge(mixed.slice(cut));
          expect(await store.get(refOf(created))).toEqual(fold(entries));
        }),
        { numRuns: 60 },
      );
    });

    it("keeps requests apart when a batch mixes them", async () => {
      const [a, b] = [aCreated(), aCreated()];
      await store.merge([...entriesOf(a), ...entriesOf(b), ...entriesOf(a, aDecided(a)).slice(1)]);
      expect(viewOf((await store.get(refOf(a))) ?? {})?.status).toBe("cancelled");
      expect(viewOf((await store.get(refOf(b))) ?? {})?.status).toBe("pending");
    });

    it("survives being opened again", async () => {
      const created = aCreated();
      await store.merge(entriesOf(created));
      expect(await (await reopen()).get(refOf(created))).toEqual(fold(entriesOf(created)));
    });
  });

  it("knows nothing of an id that it never saw, nor of another tenant's", async () => {
    const created = aCreated();
    await store.merge(entriesOf(created));
    expect(await store.get(refOf(aCreated()))).toBeUndefined();
    expect(await store.get({ tenant: "other", id: created.subject })).toBeUndefined();
  });

  describe("the list of pending requests", () => {
    it("is oldest first and leaves out what is decided, or has only a decision so far", async () => {
      const at = (second: number) => aCreated({ at: new Date(1_800_000_000_000 + second * 1_000) });
      const [late, early, done, headless] = [at(3), at(1), at(2), at(0)];
      await store.merge([...entriesOf(late), ...entriesOf(early), ...entriesOf(done, aDecided(done))]);
      await store.merge(entriesOf(headless, aDecided(headless)).slice(1));
      expect(await idsOf()).toEqual([early.subject, late.subject]);
    });

    it("is filtered by session and by client", async () => {
      const [a, b, c] = [
        aCreated({ session: "x", client: "y" }),
        aCreated({ session: "x" }),
        aCreated({ client: "y" }),
      ];
      await store.merge([a, b, c].flatMap((created) => entriesOf(created)));
      expect(new Set(await idsOf({ sessionId: "x" }))).toEqual(new Set([a.subject, b.subject]));
      expect(new Set(await idsOf({ clientId: "y" }))).toEqual(new Set([a.subject, c.subject]));
      expect(await idsOf({ sessionId: "x", clientId: "y" })).toEqual([a.subject]);
    });

    it("pages behind a position without gaps or repeats, also among equal times", async () => {
      const at = new Date(1_800_000_000_000);
      const all = Array.from({ length: 7 }, () => aCreated({ at }));
      await store.merge(all.flatMap((created) => entriesOf(created)));
      const first = await idsOf({ limit: 3 });
      const after = { createdAt: at.toISOString(), id: first.at(-1) ?? "" };
      const rest = await idsOf({ after });
      expect([...first, ...rest]).toEqual(all.map((created) => created.subject).sort());
    });
  });
}
