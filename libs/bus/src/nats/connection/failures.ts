import { sleep } from "@loopgate/async";
import { JetStreamApiError } from "@nats-io/jetstream";
import { PermissionViolationError, RequestError } from "@nats-io/transport-node";
import type { BusObserver } from "../../bus-observer.ts";
import { LogFull, Unavailable } from "../../event-log.ts";
import type { NatsBusOptions } from "./nats-options.ts";

/** API error codes of the server that mean something to us (reference eventlog.md 1). */
export const apiCodes = {
  wrongLastSequence: [10_071, 10_164],
  streamFull: 10_077,
  consumerExists: 10_148,
  streamExists: 10_058,
  streamMissing: 10_059,
  unknownOutcome: [10_158, 10_008, 10_023],
} as const;

/** The server's error code, if the server answered with one. */
export const apiCodeOf = (error: unknown): number | undefined =>
  error instanceof JetStreamApiError ? error.code : undefined;

/** True if another entry stands where ours wanted to be first, or a key has moved on. */
export const isLost = (error: unknown): boolean =>
  apiCodes.wrongLastSequence.some((code) => code === apiCodeOf(error));

const outOfReach = new Set([
  "TimeoutError",
  "RequestError",
  "NoRespondersError",
  "ClosedConnectionError",
  "DrainingConnectionError",
  "ConnectionError",
  "JetStreamNotEnabled",
  "JetStreamStatusError",
]);

/** True if nobody knows what became of the call: the same call again is the way to find out. */
export function isOutcomeUnknown(error: unknown): boolean {
  if (error instanceof JetStreamApiError) {
    return error.status === 503 || apiCodes.unknownOutcome.some((code) => code === error.code);
  }
  return error instanceof Error && outOfReach.has(error.name);
}

/** The server's refusal, if this user lacks a permission. */
export function refusalOf(error: unknown): PermissionViolationError | undefined {
  if (error instanceof PermissionViolationError) return error;
  return error instanceof RequestError ? refusalOf(error.cause) : undefined;
}

/** Names what is not permitted and the way out. */
export const refusalSentence = ({ operation, subject }: PermissionViolationError): string =>
  `NATS does not permit this user to ${operation === "publish" ? "publish" : "subscribe"} to ${subject}: grant it`;

/** What it means that a call had no answer, or none that tells its outcome, until the end. */
function silenceSentence(cause: unknown): string {
  if (!(cause instanceof Error && cause.name === "JetStreamNotEnabled")) return "NATS does not answer";
  return apiCodeOf(cause.cause) === undefined
    ? "JetStream does not answer: enable it on the NATS server (-js), or see why its cluster has no leader"
    : "JetStream is not enabled for this account of NATS: enable it there, or use a user of another account";
}

/** Between tries, in milliseconds. */
const RETRY_MS = 200;

/** How long a call is repeated. */
export type RetryPolicy = Required<Pick<NatsBusOptions, "giveUpAfterMs">> & Pick<NatsBusOptions, "stopping">;

/**
 * Repeats a call that may be repeated until its outcome is known.
 * @throws Unavailable after `giveUpAfterMs`, as soon as the bus is being stopped, and at once when a permission is missing;
 * LogFull when the stream refuses; any other failure as it is.
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
      const refusal = refusalOf(cause);
      if (refusal !== undefined) throw new Unavailable(refusalSentence(refusal), { cause });
      if (!isOutcomeUnknown(cause)) throw cause;
      const isOver = stopping?.aborted === true || performance.now() >= deadline;
      observer?.outcomeUnknown(isOver ? "given_up" : "retried");
      if (isOver) throw new Unavailable(silenceSentence(cause), { cause });
      await sleep(RETRY_MS, stopping);
    }
  }
}
