import { isDeepStrictEqual } from "node:util";
import { DiscardPolicy, type StreamConfig } from "@nats-io/jetstream";
import type { WantedStream } from "./wanted-streams.ts";

/** More is as good: longer memory and more copies harm nobody who counts on less. 0 is no limit. */
const atLeast = new Set(["max_age", "duplicate_window", "num_replicas"]);

const inNanoseconds = new Set(["max_age", "duplicate_window"]);

const WAY_OUT = "run the bootstrap, or start with the settings it was run with";

/**
 * What stands in the way of using this stream, and the way out, in words; undefined if nothing does. Exact are the keys on which a
 * promise rests: subjects, storage, what is dropped and what is refused, republishing, schedules, where reads go. The
 * size of a stream that refuses when it is full is its operator's choice; one that drops may have no limit. Keys that
 * are not wanted (compression, placement, description, …) are nobody's business here.
 */
export function streamDifference(found: StreamConfig, wanted: WantedStream): string | undefined {
  for (const [key, value] of Object.entries(wanted)) {
    const has: unknown = Reflect.get(found, key);
    if (isGoodEnough(key, has, value, wanted)) continue;
    const least = atLeast.has(key) ? "at least " : "";
    const difference = `${key} is ${shown(key, has)}, and ${least}${shown(key, value)} is needed here`;
    return `stream ${wanted.name}: ${difference}: ${WAY_OUT}`;
  }
  return undefined;
}

function isGoodEnough(key: string, has: unknown, value: unknown, wanted: WantedStream): boolean {
  if (key === "max_bytes" && wanted.discard === DiscardPolicy.New) return true;
  if (!atLeast.has(key)) return isDeepStrictEqual(has, value);
  return limitOf(has) >= limitOf(value);
}

const limitOf = (value: unknown): number => (value === 0 ? Infinity : Number(value));

function shown(key: string, value: unknown): string {
  if (!inNanoseconds.has(key)) return JSON.stringify(value) ?? "not set";
  return value === 0 ? "without limit" : `${Number(value) / 1e9} s`;
}
