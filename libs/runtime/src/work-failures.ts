import { type BusObserver, Unavailable } from "@loopgate/bus";
import { Counter } from "prom-client";
import { roleOf } from "./consumer-role.ts";
import { describeError, type Logger } from "./logger.ts";
import type { Metrics } from "./metrics.ts";

/** How often one failure that goes on is said, in milliseconds. */
const SAY_EVERY_MS = 60_000;

/** Counts failures of the bus's work. The first of its sort is said at once, then at most one a minute, with their number. */
export function workFailures(metrics: Metrics, logger: Logger): BusObserver["failed"] {
  const failures = new Counter({
    name: "loopgate_work_failures_total",
    help: "Work on the log that failed and is tried again, by kind, consumer and error.",
    labelNames: ["work", "consumer", "error"],
    registers: [metrics],
  });
  const timesToSay = seldom();
  return ({ kind: work, ...details }, error) => {
    const { name } = describeError(error);
    const consumer = "consumer" in details ? details.consumer : "";
    failures.inc({ work, consumer: roleOf(consumer), error: name });
    const times = timesToSay(`${work} ${consumer} ${name}`);
    if (times === 0) return;
    const level = error instanceof Unavailable ? "warn" : "error";
    const line = { work, ...details, error: name, at: placeOf(error), times };
    logger[level](line, "work on the log failed and is tried again");
  };
}

/** How often something happened since it was said last; 0 when it was said a moment ago. */
function seldom(): (what: string) => number {
  const said = new Map<string, { readonly at: number; unsaid: number }>();
  return (what) => {
    const last = said.get(what);
    const now = performance.now();
    if (last !== undefined && now - last.at < SAY_EVERY_MS) {
      last.unsaid += 1;
      return 0;
    }
    said.set(what, { at: now, unsaid: 0 });
    return 1 + (last?.unsaid ?? 0);
  };
}

/** Where an error was thrown: what its stack says behind the message, which may hold what people wrote. */
function placeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const [, frames] = error.stack?.split(`: ${error.message}\n    at `, 2) ?? [];
  return frames?.split("\n", 1)[0];
}
