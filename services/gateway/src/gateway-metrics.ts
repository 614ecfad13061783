import type { Metrics } from "@loopgate/runtime";
import { Counter, Gauge, Histogram } from "prom-client";

/** From a read (a few milliseconds) to the longest default wait (50 s). */
const CALL_BUCKETS_SECONDS = [0.005, 0.025, 0.1, 0.5, 2.5, 10, 60];
const WAKE_BUCKETS_SECONDS = [0.002, 0.005, 0.01, 0.05, 0.25, 1, 5, 30];

export type GatewayMetrics = ReturnType<typeof gatewayMetrics>;

export function gatewayMetrics(metrics: Metrics) {
  const registers = [metrics];
  return {
    accepted: new Counter({
      name: "loopgate_requests_accepted_total",
      help: "Questions accepted.",
      labelNames: ["request_type"],
      registers,
    }),
    calls: new Histogram({
      name: "loopgate_call_seconds",
      help: "Duration of tool calls, including waits, by outcome.",
      labelNames: ["tool", "outcome"],
      buckets: CALL_BUCKETS_SECONDS,
      registers,
    }),
    waiting: new Gauge({
      name: "loopgate_waiting_calls",
      help: "Calls that wait for a decision or have reserved a place to wait.",
      registers,
    }),
    wakes: new Histogram({
      name: "loopgate_wake_seconds",
      help: "Time from a decision until a waiting call returned it, by what woke the call.",
      labelNames: ["source"],
      buckets: WAKE_BUCKETS_SECONDS,
      registers,
    }),
  } as const;
}
