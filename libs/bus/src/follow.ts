import { AutoResetEvent } from "@loopgate/async";
import { filters, type LogEntry } from "@loopgate/contracts";
import { type EventLog, type FollowedPage, type FollowOptions, Unavailable } from "./event-log.ts";

/** What an adapter has read after a sequence. */
export interface ReadPage {
  readonly entries: readonly LogEntry[];
  /** The sequence up to which the log was read; that of the reader if there was nothing to read. */
  readonly last: number;
  /** True if there is more to read now. */
  readonly hasMore: boolean;
}

export interface FollowSource {
  readonly log: Pick<EventLog, "tail">;
  /** Reads the events of requests after a sequence; undefined if the log does not hold all of them. */
  readonly read: (after: number) => Promise<ReadPage | undefined>;
  /** Aborted when the log is closed. */
  readonly closed: AbortSignal;
}

/**
 * How soon the log is read again, in milliseconds, if it does not show an event that the tail reported: the answer came
 * from a server that lags. The pause is doubled up to the longest one.
 */
const FIRST_PAUSE_MS = 20;

/** How often the log is read without a report of the tail, which may miss events, in milliseconds. */
const LONGEST_PAUSE_MS = 5_000;

/** Implements {@link EventLog.follow}: the tail says when to read, and only what was read from the log is passed on. */
export async function* follow(
  { log, read, closed }: FollowSource,
  { after, signal }: FollowOptions,
): AsyncGenerator<FollowedPage> {
  const ended = AbortSignal.any([signal, closed]);
  const stored = new AutoResetEvent();
  const wake = () => stored.set();
  ended.addEventListener("abort", wake);
  let [position, reported, pauseMs] = [after, after, FIRST_PAUSE_MS];
  const onEntry = ({ seq }: LogEntry) => {
    reported = Math.max(reported, seq);
    wake();
  };
  await using _ = await log.tail([filters.everyEvent], { onEntry, onGap: wake });
  while (!ended.aborted) {
    const page = await read(position);
    if (page === undefined) return yield { kind: "gone" };
    if (page.last > position) [position, pauseMs] = [page.last, FIRST_PAUSE_MS];
    if (page.entries.length > 0) yield { kind: "entries", entries: page.entries };
    if (page.hasMore) continue;
    const wasWoken = await stored.wait(position < reported ? pauseMs : LONGEST_PAUSE_MS);
    pauseMs = wasWoken ? FIRST_PAUSE_MS : Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
  }
  if (!signal.aborted) throw new Unavailable("the log is closed");
}
