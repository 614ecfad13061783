import { expect, it } from "vitest";
import { AutoResetEvent } from "./auto-reset-event.ts";

const NEVER_MS = 1_000_000;

it("wakes the waiting task", async () => {
  const event = new AutoResetEvent();
  const waiting = event.wait(NEVER_MS);
  event.set();
  await expect(waiting).resolves.toBe(true);
});

it("remembers one wake-up that came before the wait, and forgets it with that wait", async () => {
  const event = new AutoResetEvent();
  event.set();
  event.set();
  await expect(event.wait(NEVER_MS)).resolves.toBe(true);
  await expect(event.wait(1)).resolves.toBe(false);
});
