import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { cachedReading } from "./metrics.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("takes one reading per ten seconds, however often it is called", async () => {
  let taken = 0;
  const read = cachedReading(async () => (taken += 1));

  expect([await read(), await read()]).toEqual([1, 1]);
  vi.advanceTimersByTime(9_999);
  expect(await read()).toBe(1);
  vi.advanceTimersByTime(1);
  expect(await read()).toBe(2);
});

it("returns undefined while the reading fails, and takes it again later", async () => {
  let isAway = true;
  const read = cachedReading(async () => {
    if (isAway) throw new Error("away");
    return "there";
  });

  expect(await read()).toBeUndefined();
  isAway = false;
  vi.advanceTimersByTime(10_000);
  expect(await read()).toBe("there");
});

it("does not wait longer than two seconds for a reading", async () => {
  const reading = cachedReading(() => new Promise(() => undefined))();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(await reading).toBeUndefined();
});
