import { Unavailable } from "@loopgate/bus";
import { metricSeries } from "@loopgate/testing";
import { expect, it } from "vitest";
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

it("counts what loses, what is unknown, what reconnects and what is given up", async () => {
  const { observer, series } = aBus();

  observer.lost("created");
  observer.outcomeUnknown("retried");
  observer.outcomeUnknown("retried");
  observer.outcomeUnknown("given_up");
  observer.reconnected();
  observer.deadLettered("notifier-inbound-4200000001");

  const seen = await series();
  expect(seen.get('loopgate_appends_lost_total{event="created"}')).toBe(1);
  expect(seen.get('loopgate_log_unknown_outcomes_total{next="retried"}')).toBe(2);
  expect(seen.get('loopgate_log_unknown_outcomes_total{next="given_up"}')).toBe(1);
  expect(seen.get("loopgate_nats_reconnects_total")).toBe(1);
  expect(seen.get('loopgate_dead_letters_total{consumer="notifier-inbound"}')).toBe(1);
});

it("says in the log what was given up, so that somebody looks", () => {
  const { observer, lines } = aBus();
  observer.deadLettered("notifier-inbound-4200000001");
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ level: "error", consumer: "notifier-inbound-4200000001" }),
  ]);
});

it("shows a consumer's backlog as long as this process takes part and the log answers", async () => {
  const { observer, series } = aBus();
  const oldestStoredAt = new Date(Date.now() - 60_000).toISOString();

  const here = observer.consumes("state-projection", async () => ({ entries: 3, oldestStoredAt }));
  observer.consumes("state-timers", () => Promise.reject(new Unavailable("away")));

  const during = await series();
  expect(during.get('loopgate_consumer_backlog{consumer="state-projection"}')).toBe(3);
  const age = during.get('loopgate_consumer_backlog_age_seconds{consumer="state-projection"}');
  expect(Math.round(age ?? 0)).toBe(60);
  expect(during.has('loopgate_consumer_backlog{consumer="state-timers"}')).toBe(false);

  here[Symbol.dispose]();
  expect((await series()).has('loopgate_consumer_backlog{consumer="state-projection"}')).toBe(false);
});
