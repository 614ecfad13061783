import { Unavailable } from "@loopgate/bus";
import { metricSeries } from "@loopgate/testing";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createLogger } from "./logger.ts";
import { createMetrics } from "./metrics.ts";
import { workFailures } from "./work-failures.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function someWork() {
  const metrics = createMetrics();
  const lines: string[] = [];
  const logger = createLogger("test", "info", { write: (line) => void lines.push(line) });
  const failed = workFailures(metrics, logger);
  const handling = (attempt: number) =>
    ({ kind: "handle", consumer: "notifier-inbound-42", attempt }) as const;
  return { lines, failed, handling, series: async () => metricSeries(await metrics.metrics()) };
}

it("says at once what failed and where, without its text, and then once a minute how often", () => {
  const { lines, failed, handling } = someWork();
  const bug = new TypeError("what a person wrote\n    at the end of a line");

  for (let attempt = 1; attempt <= 40; attempt += 1) failed(handling(attempt), bug);
  vi.advanceTimersByTime(60_000);
  failed(handling(41), bug);

  const line = { level: "error", work: "handle", consumer: "notifier-inbound-42", error: "TypeError" };
  expect(lines.map((one) => JSON.parse(one))).toEqual([
    expect.objectContaining({ ...line, attempt: 1, times: 1 }),
    expect.objectContaining({ ...line, attempt: 41, times: 40 }),
  ]);
  expect(JSON.parse(lines[0] ?? "").at).toContain("work-failures.test.ts");
  expect(lines.join("")).not.toMatch(/a person wrote|end of a line/);
});

it("keeps one failure silent for no other: another consumer, work, or error is said at once", () => {
  const { lines, failed, handling } = someWork();
  failed(handling(1), new TypeError());
  failed(handling(2), new Unavailable("away"));
  failed({ kind: "read", consumer: "state-expiry" }, new Error("no stream"));
  failed({ kind: "forget" }, new Error("no room"));
  expect(lines.map((line) => JSON.parse(line).level)).toEqual(["error", "warn", "error", "error"]);
});

it("counts what failed", async () => {
  const { failed, handling, series } = someWork();
  failed(handling(1), new TypeError());
  failed(handling(2), new TypeError());
  failed({ kind: "forget" }, new Unavailable("away"));
  const seen = await series();
  const labels = (work: string, consumer: string, error: string) =>
    `loopgate_work_failures_total{work="${work}",consumer="${consumer}",error="${error}"}`;
  expect(seen.get(labels("handle", "notifier-inbound", "TypeError"))).toBe(2);
  expect(seen.get(labels("forget", "", "Unavailable"))).toBe(1);
});
