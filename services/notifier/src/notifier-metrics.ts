import type { Metrics } from "@loopgate/runtime";
import { Counter } from "prom-client";

export type NotifierMetrics = ReturnType<typeof notifierMetrics>;

/** What a notifier counts, whatever its channel. */
export function notifierMetrics(metrics: Metrics) {
  const registers = [metrics];
  return {
    deliveries: new Counter({
      name: "loopgate_deliveries_total",
      help: "Copies of questions that were sent and recorded in the log.",
      registers,
    }),
    undelivered: new Counter({
      name: "loopgate_undelivered_total",
      help: "Recipients that a question could not reach, by reason.",
      labelNames: ["reason"],
      registers,
    }),
    answers: new Counter({
      name: "loopgate_answers_total",
      help: "Answers of people, by outcome.",
      labelNames: ["outcome"],
      registers,
    }),
  } as const;
}
