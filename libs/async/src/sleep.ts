import { setTimeout as timeout } from "node:timers/promises";

/** Resolves with true after `ms` milliseconds, or with false as soon as `signal` aborts. */
export const sleep = (ms: number, signal?: AbortSignal): Promise<boolean> =>
  timeout(ms, true, signal === undefined ? {} : { signal }).catch(() => false);
