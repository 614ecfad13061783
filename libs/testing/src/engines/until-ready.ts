import { setTimeout as pause } from "node:timers/promises";
import type { Launch } from "./engine.ts";

const READY_TIMEOUT_MS = 60_000;
const LOOK_AGAIN_MS = 25;

/** Waits until a server is ready. False if it is gone, or takes longer than a minute. */
export async function untilReady(launch: Launch, isGone: () => boolean): Promise<boolean> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (!isGone() && Date.now() < deadline) {
    if (await launch.isReady()) return true;
    await pause(LOOK_AGAIN_MS);
  }
  return false;
}
