import { GrammyError } from "grammy";
import type { HeldLease, Receiver } from "@loopgate/requests";

/** The state that a receiver reports. */
export interface ReceiverState {
  /** Why it receives nothing, in words for an operator; undefined while it works. */
  problem: string | undefined;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

/** Runs `receive` until it is disposed of, or the lease is lost. */
export function startReceiver(
  lease: HeldLease,
  receive: (state: ReceiverState, signal: AbortSignal) => Promise<void>,
): Receiver {
  const stop = new AbortController();
  const state: ReceiverState = { problem: undefined };
  const running = receive(state, AbortSignal.any([stop.signal, lease.signal]));
  return {
    check: async () => {
      if (state.problem !== undefined) throw new Error(state.problem);
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await running;
    },
  };
}

/** How long to wait after a failed call when the wait before was `last`, both in milliseconds. */
export function waitAfter(error: unknown, last: number): number {
  if (error instanceof GrammyError && error.parameters.retry_after !== undefined) {
    return error.parameters.retry_after * 1_000;
  }
  return Math.min(LONGEST_PAUSE_MS, last * 2 || FIRST_PAUSE_MS);
}

/** A failed call in words for an operator. */
export function problemOf(error: unknown): string {
  if (!(error instanceof GrammyError)) return error instanceof Error ? error.message : "unknown";
  if (error.error_code === 401) return "Telegram refuses the bot token";
  return `Telegram answered ${error.error_code}: ${error.description}`;
}
