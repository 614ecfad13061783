import { setTimeout as pause } from "node:timers/promises";

/** What the promise gives; undefined if that takes longer than `ms`. */
export async function within<Value>(ms: number, promise: Promise<Value>): Promise<Value | undefined> {
  const stop = new AbortController();
  try {
    return await Promise.race([promise, pause(ms, undefined, { signal: stop.signal })]);
  } finally {
    stop.abort();
  }
}
