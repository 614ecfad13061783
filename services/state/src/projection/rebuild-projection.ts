import { filters, type ParsedEntry } from "@loopgate/contracts";
import { type EventLog, Unavailable } from "@loopgate/bus";
import { MergeBatches } from "./merge-batches.ts";
import type { RequestStore } from "../store/request-store.ts";

export interface RebuildProgress {
  readonly merged: number;
  /** What the store does not take, by subject: an operator must look at it. */
  readonly refused: readonly string[];
  /** At most so many events are still to come. */
  readonly remaining: number;
}

export interface RebuildParts {
  readonly log: EventLog;
  readonly store: RequestStore;
  /** Called after every page. */
  readonly onProgress?: (progress: RebuildProgress) => void;
}

/** How long a store may be away before a rebuild is given up. */
const PATIENCE_MS = 60_000;

/**
 * Merges into the store everything that the log holds when this begins; nothing else needs to stop meanwhile, and what
 * is appended later is the projection's. What the store holds already stays: to build one from scratch, open it in an
 * empty database.
 * @throws Unavailable when the log does not answer, or the store is away for a minute. A rebuild can be repeated.
 */
export async function rebuildProjection(parts: RebuildParts): Promise<RebuildProgress> {
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

/** Gives the subjects of those that the store refuses. */
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
