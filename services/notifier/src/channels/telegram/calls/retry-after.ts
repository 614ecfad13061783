import type { Verdict } from "@loopgate/bus";
import type { Failure } from "./api-outcome.ts";
import type { CallResult } from "./outbox.ts";

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;

/**
 * Done when every call came through or never will; otherwise again as soon as one of them may work, so that no chat waits
 * for another one's pause. What Telegram could not answer is tried less and less often.
 */
export function retryAfter(results: readonly CallResult<unknown>[], attempt: number): Verdict {
  const waits = results.flatMap((result) =>
    result.kind === "failed" ? waitOf(result.failure, attempt) : [],
  );
  return waits.length === 0 ? "done" : { retryInMs: Math.min(...waits) };
}

function waitOf(failure: Failure, attempt: number): number | readonly [] {
  switch (failure.kind) {
    case "throttled":
      return failure.retryInMs;
    case "transient":
      return Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempt - 1, 10));
    case "unauthorized":
      return LONGEST_RETRY_MS;
    case "moved":
    case "permanent":
      return [];
  }
}
