import { setTimeout as pause } from "node:timers/promises";

/**
 * Asks at most once in `everyMs`, whoever wants to know. All who come before it asks share the answer, so that nobody gets
 * one to a question that was asked before his own.
 */
export function askSeldom<Answer>(everyMs: number, ask: () => Promise<Answer>): () => Promise<Answer> {
  let next: Promise<Answer> | undefined;
  let notBefore = 0;
  const askNext = async () => {
    await pause(Math.max(notBefore - performance.now(), 0));
    next = undefined;
    notBefore = performance.now() + everyMs;
    return ask();
  };
  return () => (next ??= askNext());
}
