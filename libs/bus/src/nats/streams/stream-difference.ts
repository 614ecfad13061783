import { isDeepStrictEqual } from "node:util";
import { DiscardPolicy, type StreamConfig } from "@nats-io/jetstream";
import type { WantedStream } from "./wanted-streams.ts";

/** Keys for which a larger value is as good: longer retention and more replicas break no promise. 0 means no limit. */
const atLeast = new Set(["max_age", "duplicate_window", "num_replicas"]);

const inNanoseconds = new Set(["max_age", "duplicate_window"]);

const NEXT_STEP = "run the bootstrap, or start with the settings that it was run with";

/**
 * Why this stream can't be used and the next step, as a message; undefined if it can. Keys that carry a promise must be
 * equal: subjects, storage, discard policy, republishing, schedules, direct reads. The maximum size of a stream that
 * rejects when full is the operator's choice; a stream that discards must not have one. Keys that are not wanted
 * (compression, placement, description, …) are ignored.
 */
export function streamDifference(found: StreamConfig, wanted: WantedStream): string | undefined {
  for (const [key, value] of Object.entries(wanted)) {
    const actual: unknown = Reflect.get(found, key);
    if (isGoodEnough(key, actual, value, wanted)) continue;
    const least = atLeast.has(key) && value !== 0 ? "at least " : "";
    const difference = `${key} is ${shown(key, actual)}, but must be ${least}${shown(key, value)}`;
    return `stream ${wanted.name}: ${difference}: ${NEXT_STEP}`;
  }
  return undefined;
}

function isGoodEnough(key: string, actual: unknown, value: unknown, wanted: WantedStream): boolean {
  if (key === "max_bytes" && wanted.discard === DiscardPolicy.New) return true;
  if (!atLeast.has(key)) return isDeepStrictEqual(actual, value);
  return limitOf(actual) >= limitOf(value);
}

const limitOf = (value: unknown): number => (value === 0 ? Infinity : Number(value));

function shown(key: string, value: unknown): string {
  if (!inNanoseconds.has(key)) return JSON.stringify(value) ?? "not set";
  return value === 0 ? "unlimited" : `${Number(value) / 1e9} s`;
}
