import { once } from "node:events";
import { expect } from "vitest";
import type { Delivery, Handler, Verdict } from "../../../src/index.ts";
import type { RequestRef } from "@loopgate/contracts";
import { anEvent, copySubject } from "./events.ts";
import { type BusOfTest, busOptions, soon } from "./bus-under-test.ts";

/** A handler that remembers what it was handed; `answer` decides, else everything is done. */
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

/** Works until the consumer stops, then hands the entry back. */
export const untilStopped: Handler = async ({ signal }) => {
  if (!signal.aborted) await once(signal, "abort");
  throw new Error("stopped");
};

/** An entry with this subject is put off once, for longer than any redelivery of the test's options takes. */
const fenceSubject = (ref: RequestRef): string => copySubject(ref, 777);

export const putOffFence: Handler = async ({ entry, attempt }) =>
  entry.subject.endsWith(".777") && attempt === 1 ? { retryInMs: 1.5 * busOptions.ackWaitMs } : "done";

/**
 * Waits until whatever would come again has come: appends a fence, and waits until the consumer, whose answer to a
 * fence is {@link putOffFence}'s, was handed it the second time. Gives what else was delivered since then, as `<subject> <attempt>`.
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
  await expect.poll(() => seen.filter(isFence).length, soon).toBeGreaterThanOrEqual(2);
  const others = seen.slice(from).filter((delivery) => !isFence(delivery));
  return others.map(({ entry, attempt }) => `${entry.subject} ${attempt}`);
}
