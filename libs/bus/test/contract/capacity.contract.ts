import { eventKey, type RequestRef, requestPrefix, requestSubject } from "@loopgate/contracts";
import { describe, expect, it } from "vitest";
import { LogFull } from "../../src/index.ts";
import { anEvent, aRequest, copySubject } from "./support/events.ts";
import { busOfEachTest, type BusOfTest, type OpenBus } from "./support/bus-under-test.ts";

/** The size of the log under test. */
export const SMALL_LOG_BYTES = 2_000_000;

const EVENT_BYTES = 20_000;

const aBigEvent = (ref: RequestRef) => anEvent(ref, { data: { text: "x".repeat(EVENT_BYTES) } });
const createdOf = (ref: RequestRef) => requestSubject(ref, eventKey.created);

/** What {@link AppendOptions.reserveHeadroom} promises on a log of {@link SMALL_LOG_BYTES}. */
export function capacityContract(open: OpenBus): void {
  describe("the headroom of a log of limited size", () => {
    const bus = busOfEachTest(open);

    it("is reserved from 80 % on, and a rejected event is not stored", async () => {
      const { stored, refused } = await fill(bus);

      const used = stored.length * EVENT_BYTES;
      expect(used).toBeGreaterThan(0.6 * SMALL_LOG_BYTES);
      expect(used).toBeLessThan(0.85 * SMALL_LOG_BYTES);
      expect(await bus.log.below(requestPrefix(refused))).toEqual([]);
      for (const ref of stored.slice(0, 5)) {
        expect(await bus.log.append(copySubject(ref, 1), aBigEvent(ref))).toMatchObject({ kind: "stored" });
      }
    });

    it("is not needed by an event that is stored already", async () => {
      const ref = aRequest();
      const event = anEvent(ref);
      await bus.log.append(createdOf(ref), event, { first: true, reserveHeadroom: true });
      await fill(bus);

      const options = { first: true, reserveHeadroom: true };
      expect(await bus.log.append(createdOf(ref), event, options)).toMatchObject({
        kind: "stored",
        entry: { event: { id: event.id } },
      });
      expect(await bus.log.append(createdOf(ref), anEvent(ref), options)).toMatchObject({
        kind: "lost",
        winner: { event: { id: event.id } },
      });
    });
  });
}

/** Appends questions, several at a time, until the log rejects one. */
async function fill({ log }: BusOfTest): Promise<{ stored: RequestRef[]; refused: RequestRef }> {
  const stored: RequestRef[] = [];
  let refused: RequestRef | undefined;
  const ask = async () => {
    while (refused === undefined) {
      const ref = aRequest();
      try {
        await log.append(createdOf(ref), aBigEvent(ref), { first: true, reserveHeadroom: true });
        stored.push(ref);
      } catch (error) {
        if (!(error instanceof LogFull)) throw error;
        refused = ref;
      }
    }
  };
  await Promise.all([ask(), ask(), ask()]);
  return { stored, refused: refused! };
}
