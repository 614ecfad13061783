import type { Verdict } from "@loopgate/bus";
import type { Failure } from "./api-outcome.ts";
import type { CallResult } from "./chat-queue.ts";

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;

/**
 * Done when every call came through or never will; otherwise again as soon as one of them may work, so that no chat waits
 * for another one's pause. What Telegram could not answer is tried less and less often.
 */
export function retryAfter(results: readonly CallResult<unknown>[], attempt: number): Verdict {
  const waits = results
    .map((result) => (result.kind === "failed" ? waitMsOf(result.failure, attempt) : undefined))
    .filter((waitMs) => waitMs !== undefined);
  return waits.length === 0 ? "done" : { retryInMs: Math.min(...waits) };
}

/** When a call that failed so may work, in milliseconds; undefined for never. */
export function waitMsOf(failure: Failure, attempt: number): number | undefined {
  switch (failure.kind) {
    case "throttled":
      return failure.retryInMs;
    case "transient":
      return Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempt - 1, 10));
    case "unauthorized":
      return LONGEST_RETRY_MS;
    case "moved":
    case "permanent":
      return undefined;
  }
}
