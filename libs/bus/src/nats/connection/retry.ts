import { sleep } from "@loopgate/async";
import type { BusObserver } from "../../bus-observer.ts";
import { NEARLY_FULL, NO_ROOM } from "../../capacity.ts";
import { LogFull, PermissionDenied, Unavailable } from "../../event-log.ts";
import {
  apiCodeOf,
  apiCodes,
  isFull,
  isOutcomeUnknown,
  noAnswerMessage,
  permissionMessage,
  permissionViolationOf,
} from "./errors.ts";

/** The pause between two attempts, in milliseconds. */
const RETRY_MS = 200;

/** How long a server is asked again that says it has no room, in milliseconds: one of a cluster may have none for now. */
const FULL_AFTER_MS = 600;

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
  const started = performance.now();
  const deadline = started + giveUpAfterMs;
  for (;;) {
    try {
      return await call();
    } catch (cause) {
      const isOver = stopping?.aborted === true || performance.now() >= deadline;
      if (isFull(cause) && (isOver || !isPassing(cause, started))) {
        throw new LogFull(fullMessage(cause), { cause });
      }
      const violation = permissionViolationOf(cause);
      if (violation !== undefined) throw new PermissionDenied(permissionMessage(violation), { cause });
      if (!isFull(cause) && !isOutcomeUnknown(cause)) throw cause;
      observer?.outcomeUnknown(isOver ? "given_up" : "retried");
      if (isOver) throw new Unavailable(noAnswerMessage(cause), { cause });
      await sleep(RETRY_MS, stopping);
    }
  }
}

const isPassing = (cause: unknown, started: number): boolean =>
  apiCodeOf(cause) === apiCodes.serverFull && performance.now() - started < FULL_AFTER_MS;

const fullMessage = (cause: unknown): string =>
  apiCodeOf(cause) === apiCodes.streamFull ? NEARLY_FULL : NO_ROOM;
