import type { RequestDetails } from "@loopgate/contracts";
import type { WaitingPlace, WaitSubject } from "../requests/waiters.ts";
import type { CallContext } from "./tool.ts";

const PROGRESS_EVERY_MS = 10_000;

/** Waits in this place, and reports progress to the caller. */
export function waitForDecision(
  place: WaitingPlace,
  subject: WaitSubject,
  seconds: number,
  { signal, onProgress }: CallContext,
): Promise<RequestDetails | undefined> {
  const waited = place.wait(subject, { seconds, signal });
  if (onProgress === undefined) return waited;
  const progress = startProgress(onProgress, seconds);
  return waited.finally(() => progress[Symbol.dispose]());
}

/** Reports at once and every 10 s, so that clients with an inactivity timeout keep the call open. */
function startProgress(report: NonNullable<CallContext["onProgress"]>, total: number): Disposable {
  const message = "waiting for a person's answer";
  let progress = 0;
  report({ progress, total, message });
  const timer = setInterval(() => {
    progress += PROGRESS_EVERY_MS / 1_000;
    report({ progress, total, message });
  }, PROGRESS_EVERY_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
