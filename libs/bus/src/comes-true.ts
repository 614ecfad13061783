import { setTimeout as pause } from "node:timers/promises";

const LOOK_EVERY_MS = 5;

/** Looks again and again whether something is so; false if it is not after `withinMs`. */
export async function comesTrue(isSo: () => boolean | Promise<boolean>, withinMs: number): Promise<boolean> {
  const deadline = Date.now() + withinMs;
  while (!(await isSo())) {
    if (Date.now() >= deadline) return false;
    await pause(LOOK_EVERY_MS);
  }
  return true;
}
