import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { TokenBucket } from "./token-bucket.ts";

const { signal } = new AbortController();
const pass = (ms: number) => vi.advanceTimersByTime(ms);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

it("allows its burst at once, then its rate, and never saves up more than the burst", async () => {
  const bucket = new TokenBucket({ burst: 10, perSecond: 2 });
  for (let n = 0; n < 10; n++) expect(await bucket.take(signal)).toBe(true);
  expect(bucket.waitMs(0)).toBe(500);
  expect(bucket.waitMs(3)).toBe(2_000);
  pass(500);
  expect(bucket.waitMs(0)).toBe(0);
  pass(3_600_000);
  expect(bucket.waitMs(9)).toBe(0);
  expect(bucket.waitMs(10)).toBe(500);
});

it("keeps its rate when the machine's clock is set back", async () => {
  vi.useFakeTimers({ toFake: ["Date", "performance"] });
  const bucket = new TokenBucket({ burst: 1, perSecond: 2 });
  await bucket.take(signal);
  vi.setSystemTime(Date.now() - 600_000);
  expect(bucket.waitMs(0)).toBe(500);
});

it("is full until a call takes from it, and again once it is refilled", async () => {
  const bucket = new TokenBucket({ burst: 2, perSecond: 2 });
  expect(bucket.isFull).toBe(true);
  await bucket.take(signal);
  expect(bucket.isFull).toBe(false);
  pass(500);
  expect(bucket.isFull).toBe(true);
});

it("makes a caller beyond the rate wait, until its turn or until it is cancelled", async () => {
  vi.useRealTimers();
  const bucket = new TokenBucket({ burst: 1, perSecond: 50 });
  await bucket.take(signal);
  const began = performance.now();
  expect(await bucket.take(signal)).toBe(true);
  expect(performance.now() - began).toBeGreaterThan(15);
  const stop = new AbortController();
  const waiting = new TokenBucket({ burst: 0, perSecond: 0.001 }).take(stop.signal);
  stop.abort();
  expect(await waiting).toBe(false);
});

it("tells a caller to try again after half of the wait, but not after very long", async () => {
  const bucket = new TokenBucket({ burst: 1, perSecond: 2 });
  await bucket.take(signal);
  expect(bucket.retryHintMs(7)).toBe(2_000);
  expect(bucket.retryHintMs(100_000)).toBe(150_000);
});

it("lets about two deferred callers try for each that may call, however many there are, and none waits very long", () => {
  vi.useFakeTimers({ toFake: ["performance", "setTimeout"] });
  const bucket = new TokenBucket({ burst: 1, perSecond: 1 });
  const waits = Array.from({ length: 290 }, () => bucket.deferMs(8));
  const within = (ms: number) => waits.filter((wait) => wait <= ms).length;
  for (const seconds of [30, 60]) {
    expect(within(seconds * 1_000)).toBeGreaterThan(seconds);
    expect(within(seconds * 1_000)).toBeLessThan(seconds * 3.5);
  }
  for (let n = 0; n < 5_000; n++) expect(bucket.deferMs(8)).toBeLessThan(300_000);
  vi.advanceTimersByTime(300_000);
  expect(bucket.deferMs(8)).toBeLessThan(8_000);
});
