import { sleep } from "@loopgate/async";
import type { BusObserver } from "../../bus-observer.ts";
import { LogFull, PermissionDenied, Unavailable } from "../../event-log.ts";
import {
  apiCodeOf,
  apiCodes,
  isOutcomeUnknown,
  noAnswerMessage,
  permissionMessage,
  permissionViolationOf,
} from "./errors.ts";

/** The pause between two attempts, in milliseconds. */
const RETRY_MS = 200;

/** When {@link retryUnknownOutcome} stops retrying. */
export interface RetryPolicy {
  readonly giveUpAfterMs: number;
  /** Once aborted, the next failure is final. */
  readonly stopping?: AbortSignal | undefined;
}

/**
 * Repeats an idempotent call until its outcome is known.
 * @throws Unavailable after `giveUpAfterMs` milliseconds, and once `stopping` is aborted; PermissionDenied and LogFull at
 * once; any other error unchanged.
 */
export async function retryUnknownOutcome<Result>(
  { giveUpAfterMs, stopping }: RetryPolicy,
  call: () => Promise<Result>,
  observer?: Pick<BusObserver, "outcomeUnknown">,
): Promise<Result> {
  const deadline = performance.now() + giveUpAfterMs;
  for (;;) {
    try {
      return await call();
    } catch (cause) {
      if (apiCodeOf(cause) === apiCodes.streamFull) throw new LogFull("the log is full", { cause });
      const violation = permissionViolationOf(cause);
      if (violation !== undefined) throw new PermissionDenied(permissionMessage(violation), { cause });
      if (!isOutcomeUnknown(cause)) throw cause;
      const isOver = stopping?.aborted === true || performance.now() >= deadline;
      observer?.outcomeUnknown(isOver ? "given_up" : "retried");
      if (isOver) throw new Unavailable(noAnswerMessage(cause), { cause });
      await sleep(RETRY_MS, stopping);
    }
  }
}
