import type { Transformer } from "grammy";
import type { TelegramMetrics } from "../metrics.ts";

/** Counts every call to Telegram, by its outcome. */
export const instrumentedCalls =
  ({ calls }: TelegramMetrics): Transformer =>
  async (call, method, payload, signal) => {
    try {
      const answer = await call(method, payload, signal);
      calls.inc({ method, outcome: answer.ok ? "ok" : outcomeOf(answer.error_code) });
      return answer;
    } catch (error) {
      calls.inc({ method, outcome: "no_answer" });
      throw error;
    }
  };

function outcomeOf(code: number): string {
  if (code === 429) return "throttled";
  return code >= 500 ? "failed" : "refused";
}
