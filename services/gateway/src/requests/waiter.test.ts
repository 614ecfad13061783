import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Waiter } from "./waiter.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const never = new AbortController().signal;

it("does not lose a call that came while nobody was listening", async () => {
  using waiter = new Waiter(50, never);
  waiter.look("event");
  expect(await waiter.called(60_000)).toBe("event");
  expect(waiter.hasEnded).toBe(false);
});

it("calls again after the given time", async () => {
  using waiter = new Waiter(50, never);
  const called = waiter.called(10_000);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await called).toBe("recheck");
  expect(waiter.hasEnded).toBe(false);
});

it("ends with its time", async () => {
  using waiter = new Waiter(50, never);
  const called = waiter.called(60_000);
  await vi.advanceTimersByTimeAsync(50_000);
  expect(await called).toBe("end");
  expect(waiter.hasEnded).toBe(true);
});

it("ends when the caller is gone, also if that was before", async () => {
  const caller = new AbortController();
  using waiter = new Waiter(50, caller.signal);
  caller.abort();
  await waiter.called(60_000);
  using late = new Waiter(50, caller.signal);
  expect([waiter.hasEnded, late.hasEnded]).toEqual([true, true]);
});

it("leaves no timer behind", () => {
  new Waiter(50, never)[Symbol.dispose]();
  expect(vi.getTimerCount()).toBe(0);
});
