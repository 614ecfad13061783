import { filters, type ParsedEntry } from "@loopgate/contracts";
import { type EventLog, Unavailable } from "@loopgate/bus";
import { MergeBatches } from "./merge-batches.ts";
import type { RequestStore } from "../store/request-store.ts";

export interface RebuildProgress {
  readonly merged: number;
  /** The subjects of entries that the store rejects: an operator must inspect them. */
  readonly refused: readonly string[];
  /** Upper bound of the events still to come. */
  readonly remaining: number;
}

export interface RebuildOptions {
  readonly log: EventLog;
  readonly store: RequestStore;
  /** Called after each page. */
  readonly onProgress?: (progress: RebuildProgress) => void;
}

/** How long a rebuild waits for a store that does not answer, in milliseconds. */
const PATIENCE_MS = 60_000;

/**
 * Merges everything that the log holds at the start into the store. Services may run meanwhile: later events are the
 * projection's work. What the store already holds stays; to build a new projection, open the store in an empty database.
 * @throws Unavailable if the log does not answer, or the store does not for a minute. A rebuild can be repeated.
 */
export async function rebuildProjection(parts: RebuildOptions): Promise<RebuildProgress> {
  const { log, store, onProgress = () => undefined } = parts;
  const batches = new MergeBatches(store, PATIENCE_MS);
  let progress: RebuildProgress = { merged: 0, refused: [], remaining: 0 };
  for await (const { entries, remaining } of log.replay(filters.everyEvent)) {
    const refused = await mergeAll(batches, entries);
    progress = {
      merged: progress.merged + entries.length - refused.length,
      refused: [...progress.refused, ...refused],
      remaining,
    };
    onProgress(progress);
  }
  return progress;
}

/** Returns the subjects of the entries that the store rejects. */
async function mergeAll(batches: MergeBatches, entries: readonly ParsedEntry[]): Promise<readonly string[]> {
  const refused: string[] = [];
  const merges = entries.map((entry) =>
    batches.merge(entry).catch((error: unknown) => {
      if (error instanceof Unavailable) throw error;
      refused.push(entry.subject);
    }),
  );
  await Promise.all(merges);
  return refused;
}
