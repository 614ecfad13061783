import type { LogEntry } from "@loopgate/contracts";
import type { EventLog } from "../../../src/index.ts";

/** What follows a log in the background. */
export interface Follower extends AsyncDisposable {
  readonly entries: readonly LogEntry[];
  /** How it ended: `gone`, or as an iteration that was aborted; rejects with what the iteration threw. */
  readonly ended: Promise<"gone" | "aborted">;
}

export function aFollower(log: EventLog, after: number): Follower {
  const stop = new AbortController();
  const entries: LogEntry[] = [];
  const run = async () => {
    for await (const page of log.follow({ after, signal: stop.signal })) {
      if (page.kind === "gone") return "gone";
      entries.push(...page.entries);
    }
    return "aborted";
  };
  const ended = run();
  ended.catch(() => undefined);
  return {
    entries,
    ended,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await ended.catch(() => undefined);
    },
  };
}

export const idsOf = (entries: readonly LogEntry[]): string[] => entries.map(({ event }) => event.id);
