import { expect, it } from "vitest";
import type { CallResult } from "@loopgate/requests";
import { retryAfter } from "./retry-after.ts";

const ok: CallResult<void> = { kind: "ok", result: undefined };
const throttled = (retryInMs: number): CallResult<never> => ({
  kind: "failed",
  failure: { kind: "throttled", retryInMs },
});
const transient: CallResult<never> = { kind: "failed", failure: { kind: "transient" } };
const permanent: CallResult<never> = { kind: "failed", failure: { kind: "permanent", reason: "blocked" } };

it("is done when every call came through, or never will", () => {
  expect(retryAfter([], 1)).toBe("done");
  expect(retryAfter([ok, permanent], 1)).toBe("done");
});

it("comes back for the place that is free first, not for the one that waits longest", () => {
  expect(retryAfter([ok, throttled(30_000), throttled(700)], 1)).toEqual({ retryInMs: 700 });
});

it("tries less and less often what Telegram cannot answer, but never stops", () => {
  const waits = [1, 2, 3, 6, 50, 5_000].map((attempt) => retryAfter([transient], attempt));
  expect(waits).toEqual([1_000, 2_000, 4_000, 30_000, 30_000, 30_000].map((retryInMs) => ({ retryInMs })));
});
