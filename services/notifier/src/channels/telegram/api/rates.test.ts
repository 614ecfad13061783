import { afterEach, expect, it, vi } from "vitest";
import { Rates } from "./rates.ts";

afterEach(() => {
  vi.useRealTimers();
});

it("forgets chats that owe nothing to their rates, and no other", async () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  const rates = new Rates();
  const { signal } = new AbortController();
  for (let chat = 0; chat < 1_000; chat++) {
    await rates.of(`${chat}`).sends.take(signal);
    vi.advanceTimersByTime(40);
  }
  expect(rates.size).toBe(1_000);
  const late = rates.of("999");
  rates.of("new");
  expect(rates.size).toBeLessThan(30);
  expect(rates.of("999")).toBe(late);
});
