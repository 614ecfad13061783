import type { Metrics } from "@loopgate/runtime";
import { Counter, Gauge } from "prom-client";

export type NotifierMetrics = ReturnType<typeof notifierMetrics>;

/** What a notifier counts. */
export function notifierMetrics(metrics: Metrics) {
  const registers = [metrics];
  const lastPoll = new Gauge({
    name: "loopgate_telegram_last_poll_timestamp_seconds",
    help: "When updates were last fetched and stored, since 1970; shown by whoever polls.",
    registers,
  });
  lastPoll.remove();
  return {
    lastPoll,
    deliveries: new Counter({
      name: "loopgate_deliveries_total",
      help: "Messages with a question that came into a chat and into the log.",
      registers,
    }),
    undelivered: new Counter({
      name: "loopgate_undelivered_total",
      help: "Recipients that a question can't reach, by why.",
      labelNames: ["reason"],
      registers,
    }),
    answers: new Counter({
      name: "loopgate_answers_total",
      help: "Presses and replies of people, by what became of them.",
      labelNames: ["outcome"],
      registers,
    }),
    calls: new Counter({
      name: "loopgate_telegram_calls_total",
      help: "Calls to Telegram, by how they ended.",
      labelNames: ["method", "outcome"],
      registers,
    }),
    pauses: new Counter({
      name: "loopgate_telegram_pauses_total",
      help: "Pauses that Telegram asked for: of one chat, or, because of several, of the whole bot.",
      labelNames: ["scope"],
      registers,
    }),
  } as const;
}
