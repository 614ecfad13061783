import { once } from "node:events";
import { expect } from "vitest";
import type { Delivery, Handler, Verdict } from "../../../src/index.ts";
import type { RequestRef } from "@loopgate/contracts";
import { anEvent, copySubject } from "./events.ts";
import { type BusOfTest, busOptions, eventually } from "./bus-under-test.ts";

/** A handler that records its deliveries. `answer` returns the verdicts; by default everything is done. */
export function aRecorder(answer: Handler = async () => "done"): Handler & { readonly seen: Delivery[] } {
  const seen: Delivery[] = [];
  const handle = (delivery: Delivery): Promise<Verdict> => {
    seen.push(delivery);
    return answer(delivery);
  };
  return Object.assign(handle, { seen });
}

export const subjectsOf = (deliveries: readonly Delivery[]): string[] =>
  deliveries.map(({ entry }) => entry.subject).sort();

/** Works until the consumer stops, then hands the entry back by throwing. */
export const untilStopped: Handler = async ({ signal }) => {
  if (!signal.aborted) await once(signal, "abort");
  throw new Error("stopped");
};

/** {@link putOffFence} postpones an entry with this subject once, for longer than any redelivery in these tests takes. */
const fenceSubject = (ref: RequestRef): string => copySubject(ref, 777);

export const putOffFence: Handler = async ({ entry, attempt }) =>
  entry.subject.endsWith(".777") && attempt === 1 ? { retryInMs: 1.5 * busOptions.ackWaitMs } : "done";

/**
 * Waits until every pending redelivery has happened: appends a fence and waits for its second delivery to the consumer,
 * whose handler must treat fences like {@link putOffFence}. Returns the other deliveries since then, as
 * `<subject> <attempt>`.
 */
export async function allAgain(
  bus: BusOfTest,
  ref: RequestRef,
  seen: readonly Delivery[],
): Promise<string[]> {
  const from = seen.length;
  const fence = anEvent(ref);
  const isFence = ({ entry }: Delivery) => entry.event.id === fence.id;
  await bus.log.append(fenceSubject(ref), fence);
  await expect.poll(() => seen.filter(isFence).length, eventually).toBeGreaterThanOrEqual(2);
  const others = seen.slice(from).filter((delivery) => !isFence(delivery));
  return others.map(({ entry, attempt }) => `${entry.subject} ${attempt}`);
}
