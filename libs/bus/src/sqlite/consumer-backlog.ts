import { subjectMatches, timestamp } from "@loopgate/contracts";
import type { Backlog } from "../bus-observer.ts";
import type { SqliteDatabase } from "./database.ts";

/** How far a consumer has read, and the sequences up to there that are not done yet. */
export interface ConsumerPosition {
  readonly open: Iterable<number>;
  readonly readTo: number;
}

/** What a consumer still has to do: its open entries, and the matching ones that it has not read yet. */
export function backlogOf(
  database: SqliteDatabase,
  filters: readonly string[],
  { open, readTo }: ConsumerPosition,
): Backlog {
  const seqs = new Set(open);
  return database.read((db) => {
    for (const row of db.prepare("SELECT seq, subject FROM events WHERE seq > ?").iterate(readTo)) {
      const subject = String(row["subject"]);
      if (filters.some((filter) => subjectMatches(filter, subject))) seqs.add(Number(row["seq"]));
    }
    let oldest = Infinity;
    for (const seq of seqs) oldest = Math.min(oldest, seq);
    const time = db.prepare("SELECT time FROM events WHERE seq = ?").get(oldest)?.["time"];
    return {
      entries: seqs.size,
      ...(time === undefined ? {} : { oldestStoredAt: timestamp(Number(time)) }),
    };
  });
}
