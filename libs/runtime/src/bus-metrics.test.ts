import { type BusObserver, Unavailable } from "@loopgate/bus";
import { metricSeries } from "@loopgate/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { busMetrics } from "./bus-metrics.ts";
import { createLogger } from "./logger.ts";
import { createMetrics } from "./metrics.ts";

function aBus() {
  const metrics = createMetrics();
  const lines: string[] = [];
  const logger = createLogger("test", "info", { write: (line) => void lines.push(line) });
  return {
    lines,
    observer: busMetrics(metrics, logger),
    series: async () => metricSeries(await metrics.metrics()),
  };
}

it("counts lost appends, unknown outcomes, reconnects and dead letters", async () => {
  const { observer, series } = aBus();

  observer.lost("created");
  observer.outcomeUnknown("retried");
  observer.outcomeUnknown("retried");
  observer.outcomeUnknown("given_up");
  observer.reconnected();
  observer.deadLettered("notifier-inbound-4200000001", { event: "e", error: "TypeError" });

  const seen = await series();
  expect(seen.get('loopgate_appends_lost_total{event="created"}')).toBe(1);
  expect(seen.get('loopgate_log_unknown_outcomes_total{next="retried"}')).toBe(2);
  expect(seen.get('loopgate_log_unknown_outcomes_total{next="given_up"}')).toBe(1);
  expect(seen.get("loopgate_nats_reconnects_total")).toBe(1);
  expect(seen.get('loopgate_dead_letters_total{consumer="notifier-inbound"}')).toBe(1);
});

it("logs a disconnect with its reason, and the end of it", () => {
  const { observer, lines } = aBus();
  observer.disconnected(new Unavailable("NATS refuses nats://user:canary@host: check the user"));
  observer.reconnected();
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({
      level: "warn",
      msg: "NATS is disconnected",
      err: expect.objectContaining({ message: "NATS refuses nats://<credentials>@host: check the user" }),
    }),
    expect.objectContaining({ level: "info", msg: "NATS is connected again" }),
  ]);
});

it("logs a dead letter", () => {
  const { observer, lines } = aBus();
  const what = { event: "tg-42-7", error: "it is too large", kind: "message", size: 20_000 };
  observer.deadLettered("notifier-inbound-4200000001", what);
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ level: "error", consumer: "notifier-inbound-4200000001", ...what }),
  ]);
});

it("shows a consumer's backlog while this process takes part and the log answers", async () => {
  const { observer, series } = aBus();
  const oldestStoredAt = new Date(Date.now() - 60_000).toISOString();

  const consuming = observer.consumes("state-projection", async () => ({ entries: 3, oldestStoredAt }));
  observer.consumes("state-timers", () => Promise.reject(new Unavailable("away")));

  const during = await series();
  expect(during.get('loopgate_consumer_backlog{consumer="state-projection"}')).toBe(3);
  const age = during.get('loopgate_consumer_backlog_age_seconds{consumer="state-projection"}');
  expect(Math.round(age ?? 0)).toBe(60);
  expect(during.has('loopgate_consumer_backlog{consumer="state-timers"}')).toBe(false);

  consuming[Symbol.dispose]();
  expect((await series()).has('loopgate_consumer_backlog{consumer="state-projection"}')).toBe(false);
});

describe("work on the log that fails", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function someWork() {
    const metrics = createMetrics();
    const lines: string[] = [];
    const logger = createLogger("test", "info", { write: (line) => void lines.push(line) });
    const observer = busMetrics(metrics, logger);
    const failed: BusObserver["failed"] = (work, error) => observer.failed(work, error);
    const handling = (attempt: number) =>
      ({ kind: "handle", consumer: "notifier-inbound-42", attempt }) as const;
    return { lines, failed, handling, series: async () => metricSeries(await metrics.metrics()) };
  }

  it("logs what failed and where at once, without the message, and then its count once per minute", () => {
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
    expect(JSON.parse(lines[0] ?? "").at).toContain("bus-metrics.test.ts");
    expect(lines.join("")).not.toMatch(/a person wrote|end of a line/);
  });

  it("logs a failure of another consumer, work or error at once", () => {
    const { lines, failed, handling } = someWork();
    failed(handling(1), new TypeError());
    failed(handling(2), new Unavailable("away"));
    failed({ kind: "read", consumer: "state-expiry" }, new Error("no stream"));
    failed({ kind: "forget" }, new Error("no room"));
    expect(lines.map((line) => JSON.parse(line).level)).toEqual(["error", "warn", "error", "error"]);
  });

  it("counts failures", async () => {
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
});
