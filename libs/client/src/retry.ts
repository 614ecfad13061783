import { setTimeout as timer } from "node:timers/promises";
import { LoopgateError } from "./loopgate-error.ts";

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;

/** Calls until Loopgate is there to answer. The pauses grow, and are jittered: a gateway that starts meets many. */
export async function retryWhileUnavailable<Result>(
  call: () => Promise<Result>,
  signal: AbortSignal,
): Promise<Result> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    signal.throwIfAborted();
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof LoopgateError) || !isTemporary(error)) throw error;
    }
    await pause(pauseMs * (0.5 + Math.random() / 2), signal);
  }
}

const isTemporary = ({ code }: LoopgateError): boolean => code === "unavailable" || code === "rate_limited";

/** Rejects when the signal is aborted. */
export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  timer(Math.max(0, ms), undefined, { signal });

/** What comes of the work; on an abort the signal's reason, at once, whatever the work is at. */
export async function unlessAborted<Result>(
  work: (signal: AbortSignal) => Promise<Result>,
  signal: AbortSignal,
): Promise<Result> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop);
  try {
    return await Promise.race([aborted, work(signal)]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
