import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Waiter } from "./waiter.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const never = new AbortController().signal;

it("keeps a wake-up from before the call waits", async () => {
  using waiter = new Waiter(50, never);
  waiter.look("event", 5);
  expect(await waiter.called(60_000)).toEqual({ source: "event", heard: 5 });
  expect(waiter.hasEnded).toBe(false);
});

it("requires the newest of several events, and everything after a gap", async () => {
  using waiter = new Waiter(50, never);
  for (const heard of [5, 7, 6]) waiter.look("event", heard);
  expect(await waiter.called(60_000)).toMatchObject({ heard: 7 });
  waiter.look("event", 8);
  waiter.look("gap");
  expect(await waiter.called(60_000)).toMatchObject({ heard: undefined });
  waiter.look("event", 9);
  expect(await waiter.called(60_000)).toMatchObject({ heard: 9 });
});

it("wakes after the given time", async () => {
  using waiter = new Waiter(50, never);
  const called = waiter.called(10_000);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await called).toEqual({ source: "recheck", heard: undefined });
  expect(waiter.hasEnded).toBe(false);
});

it("ends after its time", async () => {
  using waiter = new Waiter(50, never);
  const called = waiter.called(60_000);
  await vi.advanceTimersByTimeAsync(50_000);
  expect(await called).toEqual({ source: "end", heard: undefined });
  expect(waiter.hasEnded).toBe(true);
});

it("ends when the caller disconnects, also if it already has", async () => {
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
