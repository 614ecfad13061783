import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { LeaseGuard } from "./lease-guard.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("is held until its time is over, and its signal cuts what is under way then", () => {
  const lease = new LeaseGuard();
  lease.extend(performance.now() + 1_000);
  vi.advanceTimersByTime(900);
  lease.extend(performance.now() + 1_000);
  vi.advanceTimersByTime(999);
  expect([lease.isHeld(), lease.signal.aborted]).toEqual([true, false]);
  vi.advanceTimersByTime(1);
  expect(lease.signal.aborted).toBe(true);
  lease.extend(performance.now() + 1_000);
  expect(lease.isHeld()).toBe(false);
});

it("is over also for a caller that asks before its timer has run, as after a freeze", () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  const lease = new LeaseGuard();
  lease.extend(performance.now() + 1_000);
  vi.advanceTimersByTime(1_000);
  expect([lease.isHeld(), lease.signal.aborted]).toEqual([false, true]);
});
