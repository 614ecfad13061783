import { subjectMatches, timestamp } from "@loopgate/contracts";
import type { Backlog } from "../bus-observer.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";

/** How far a consumer has got: what it was handed and has not done, and where it reads on. */
export interface ConsumerPosition {
  readonly open: Iterable<number>;
  readonly readTo: number;
}

/** What a consumer has still to do: what it was handed, and what matches behind it. */
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
