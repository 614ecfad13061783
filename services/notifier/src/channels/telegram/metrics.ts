import type { Metrics } from "@loopgate/runtime";
import { Counter, Gauge } from "prom-client";

export type TelegramMetrics = ReturnType<typeof telegramMetrics>;

/** What the Telegram channel counts. */
export function telegramMetrics(metrics: Metrics) {
  const registers = [metrics];
  const lastPoll = new Gauge({
    name: "loopgate_telegram_last_poll_timestamp_seconds",
    help: "Time of the last successful poll, in seconds since 1970; reported by the process that polls.",
    registers,
  });
  lastPoll.remove();
  return {
    lastPoll,
    calls: new Counter({
      name: "loopgate_telegram_calls_total",
      help: "Calls to Telegram, by outcome.",
      labelNames: ["method", "outcome"],
      registers,
    }),
    pauses: new Counter({
      name: "loopgate_telegram_pauses_total",
      help: "Pauses that Telegram asked for, of one chat or of the whole bot.",
      labelNames: ["scope"],
      registers,
    }),
  } as const;
}
