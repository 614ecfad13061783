import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { WaitProgress } from "./tool.ts";
import { waitForDecision } from "./wait-for-decision.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("reports at once and every ten seconds until the wait is over", async () => {
  const reports: WaitProgress[] = [];
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const place = { wait: () => promise, [Symbol.dispose]: () => undefined };
  const subject = { ref: { tenant: "default", id: "" } };
  const caller = { kind: "key", tenant: "default", id: "local", scopes: [] } as const;
  const signal = new AbortController().signal;
  const onProgress = (report: WaitProgress) => void reports.push(report);
  const waiting = waitForDecision(place, subject, 50, { caller, signal, onProgress });
  expect(reports.map(({ progress }) => progress)).toEqual([0]);
  await vi.advanceTimersByTimeAsync(25_000);
  resolve(undefined);
  await waiting;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(reports).toEqual(
    [0, 10, 20].map((progress) => ({ progress, total: 50, message: "waiting for a person's answer" })),
  );
});
