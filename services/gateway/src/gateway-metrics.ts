import type { Metrics } from "@loopgate/runtime";
import { Counter, Gauge, Histogram } from "prom-client";

/** From a read of a few milliseconds to the longest wait. */
const CALL_BUCKETS_SECONDS = [0.005, 0.025, 0.1, 0.5, 2.5, 10, 60];
const WAKE_BUCKETS_SECONDS = [0.002, 0.005, 0.01, 0.05, 0.25, 1, 5, 30];

export type GatewayMetrics = ReturnType<typeof gatewayMetrics>;

/** What a gateway counts. */
export function gatewayMetrics(metrics: Metrics) {
  const registers = [metrics];
  return {
    accepted: new Counter({
      name: "loopgate_requests_accepted_total",
      help: "Questions that were taken in.",
      labelNames: ["request_type"],
      registers,
    }),
    calls: new Histogram({
      name: "loopgate_call_seconds",
      help: "Calls of tools with their waits, by how they ended.",
      labelNames: ["tool", "outcome"],
      buckets: CALL_BUCKETS_SECONDS,
      registers,
    }),
    waiting: new Gauge({
      name: "loopgate_waiting_calls",
      help: "Calls that wait for a decision, or are about to.",
      registers,
    }),
    wakes: new Histogram({
      name: "loopgate_wake_seconds",
      help: "From a decision until a call that waited for it saw it, by what made the call look.",
      labelNames: ["source"],
      buckets: WAKE_BUCKETS_SECONDS,
      registers,
    }),
  } as const;
}
