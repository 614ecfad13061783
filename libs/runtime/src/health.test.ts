import { expect, it, vi } from "vitest";
import { checkHealth, type HealthCheck } from "./health.ts";

const part = (name: string, required: boolean, check: () => Promise<void>): HealthCheck => ({
  name,
  required,
  check,
});
const fine = async () => undefined;
const broken = () => Promise.reject(new Error("is away\nsince yesterday"));

it("is ready when every required part answers, and reports the others", async () => {
  const report = await checkHealth([part("store", true, fine), part("telegram", false, broken)]);
  expect(report).toEqual({ ready: true, parts: { store: "ok", telegram: "is away" } });
});

it("is not ready without a required part, and names it", async () => {
  expect(await checkHealth([part("store", true, broken)])).toEqual({
    ready: false,
    parts: { store: "is away" },
  });
});

it("takes a part that does not answer for broken", async () => {
  vi.useFakeTimers();
  const report = checkHealth([part("store", true, () => new Promise(() => undefined))]);
  await vi.advanceTimersByTimeAsync(2_000);
  vi.useRealTimers();
  expect(await report).toEqual({
    ready: false,
    parts: { store: expect.stringMatching("^no answer within 2 s: ") },
  });
});
