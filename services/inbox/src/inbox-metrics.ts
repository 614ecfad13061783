import type { Metrics } from "@loopgate/runtime";
import { Counter } from "prom-client";

export type InboxMetrics = ReturnType<typeof inboxMetrics>;

/** What an inbox counts. */
export function inboxMetrics(metrics: Metrics) {
  const registers = [metrics];
  return {
    answers: new Counter({
      name: "loopgate_inbox_answers_total",
      help: "Answers of people in the browser, by outcome.",
      labelNames: ["outcome"],
      registers,
    }),
    signIns: new Counter({
      name: "loopgate_inbox_sign_ins_total",
      help: "Codes that browsers sent to sign in, by outcome.",
      labelNames: ["outcome"],
      registers,
    }),
  } as const;
}
