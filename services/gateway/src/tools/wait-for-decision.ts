import type { KnownRequest } from "@loopgate/contracts";
import type { WaitingPlace } from "../requests/waiters.ts";
import type { Caller } from "./tool.ts";

const PROGRESS_EVERY_MS = 10_000;

/** Waits in this place, and tells the caller how it goes on. */
export async function waitForDecision(
  place: WaitingPlace,
  request: KnownRequest,
  seconds: number,
  { signal, onProgress }: Caller,
): Promise<KnownRequest | undefined> {
  using _ = startProgress(onProgress, seconds);
  return await place.wait(request, { seconds, signal });
}

/** Reports at once and every 10 s: clients that count silence hear something in time. */
function startProgress(report: Caller["onProgress"], total: number): Disposable | undefined {
  if (report === undefined) return undefined;
  const message = "waiting for a person's answer";
  let progress = 0;
  report({ progress, total, message });
  const timer = setInterval(() => {
    progress += PROGRESS_EVERY_MS / 1_000;
    report({ progress, total, message });
  }, PROGRESS_EVERY_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
