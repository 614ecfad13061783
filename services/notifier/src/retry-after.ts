import type { Verdict } from "@loopgate/bus";
import type { CallFailure, CallResult } from "@loopgate/requests";

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;

/** The shortest wait before a deferred call is tried again, in milliseconds. */
const SOONEST_RETRY_MS = 100;

/**
 * Done when every call succeeded or can never succeed. Otherwise the entry comes back as soon as one of the calls may
 * succeed, so that no place waits for another place's pause. Transient failures back off.
 */
export function retryAfter(results: readonly CallResult<unknown>[], attempt: number): Verdict {
  const waits = results
    .map((result) => (result.kind === "failed" ? waitMsOf(result.failure, attempt) : undefined))
    .filter((waitMs) => waitMs !== undefined);
  return waits.length === 0 ? "done" : { retryInMs: Math.min(...waits) };
}

/** When a call that failed like this may succeed, in milliseconds; undefined for never. */
export function waitMsOf(failure: CallFailure, attempt: number): number | undefined {
  switch (failure.kind) {
    case "throttled":
      return failure.retryInMs;
    case "transient":
      return Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempt - 1, 10));
    case "unauthorized":
      return LONGEST_RETRY_MS;
    case "permanent":
      return undefined;
  }
}

/** The result of a call that was not made, and may be made later. */
export const deferred = (retryInMs: number): CallResult<never> => ({
  kind: "failed",
  failure: { kind: "throttled", retryInMs: Math.max(retryInMs, SOONEST_RETRY_MS) },
});
