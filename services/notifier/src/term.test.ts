import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Term } from "./term.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("is held until its time is over, and its signal cuts what is under way then", () => {
  const term = new Term();
  term.extend(performance.now() + 1_000);
  vi.advanceTimersByTime(900);
  term.extend(performance.now() + 1_000);
  vi.advanceTimersByTime(999);
  expect([term.isHeld(), term.signal.aborted]).toEqual([true, false]);
  vi.advanceTimersByTime(1);
  expect(term.signal.aborted).toBe(true);
  term.extend(performance.now() + 1_000);
  expect(term.isHeld()).toBe(false);
});

it("is over for whoever asks before its timer had its turn, as after a freeze", () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  const term = new Term();
  term.extend(performance.now() + 1_000);
  vi.advanceTimersByTime(1_000);
  expect([term.isHeld(), term.signal.aborted]).toEqual([false, true]);
});
