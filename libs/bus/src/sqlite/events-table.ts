import { type DueEvent, type LogEntry, parsedEntry, timestamp } from "@loopgate/contracts";
import { type AppendResult, LogFull } from "../event-log.ts";
import { type Storable, wrongSubject } from "../rejected.ts";
import { hasHeadroom, NEARLY_FULL, NO_ROOM } from "../capacity.ts";
import type { SqliteConnection } from "./database.ts";
import { USED_BYTES_SCHEMA, usedBytes } from "./used-bytes.ts";

export const EVENTS_SCHEMA = `
  CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, subject TEXT NOT NULL, msg_id TEXT, time INTEGER NOT NULL, event TEXT NOT NULL
  );
  CREATE INDEX IF NOT EXISTS events_by_subject ON events (subject, seq);
  CREATE UNIQUE INDEX IF NOT EXISTS events_by_id ON events (msg_id) WHERE msg_id IS NOT NULL;
  ${USED_BYTES_SCHEMA}
`;
const INSERT =
  "INSERT INTO events (subject, msg_id, time, event) VALUES (?, ?, ?, ?) ON CONFLICT (msg_id) WHERE msg_id IS NOT NULL DO NOTHING";
const INSERT_FIRST = `
  INSERT INTO events (subject, msg_id, time, event)
  SELECT ?1, ?2, ?3, ?4 WHERE NOT EXISTS (SELECT 1 FROM events WHERE subject = ?1)
  ON CONFLICT (msg_id) WHERE msg_id IS NOT NULL DO NOTHING`;
const SELECT = "SELECT seq, subject, time, event FROM events";

interface Append extends Storable {
  readonly subject: string;
  readonly first: boolean;
  /** The maximum size of the log, of which this event must leave headroom; `Infinity` for no limit. */
  readonly maxBytes: number;
  /** False while the disk has only a reserve that this event must leave alone. */
  readonly hasRoom: boolean;
}

/** An exception rolls the append back. */
export function appendEvent(
  db: SqliteConnection,
  { subject, event, known, text, first, maxBytes, hasRoom }: Append,
): AppendResult {
  const { changes, lastInsertRowid } = db
    .prepare(first ? INSERT_FIRST : INSERT)
    .run(subject, event.id, Date.now(), text);
  if (changes === 1) {
    if (!hasRoom) throw new LogFull(NO_ROOM);
    if (!hasHeadroom(usedBytes(db), maxBytes)) throw new LogFull(NEARLY_FULL);
    return { kind: "stored", entry: { seq: Number(lastInsertRowid), subject, event, known } };
  }
  const same = entryIn(db.prepare(`${SELECT} WHERE msg_id = ?`).get(event.id));
  const stored = same ?? newestOn(db, subject);
  if (stored === undefined || stored.subject !== subject) throw wrongSubject();
  return same === undefined ? { kind: "lost", winner: stored } : { kind: "stored", entry: stored };
}

/** Appends a timer's event without its id: the same timer may become due again. */
export function appendDue(db: SqliteConnection, subject: string, event: DueEvent): void {
  db.prepare(INSERT).run(subject, null, Date.now(), JSON.stringify(event));
}

/** Deletes those of the oldest `limit` events that were stored before `time`; returns their number. */
export function deleteBefore(db: SqliteConnection, time: Date, limit: number): number {
  const sql = "DELETE FROM events WHERE time < ? AND seq IN (SELECT seq FROM events ORDER BY seq LIMIT ?)";
  return Number(db.prepare(sql).run(time.getTime(), limit).changes);
}

/** The newest event of exactly this subject. */
export const newestOn = (db: SqliteConnection, subject: string): LogEntry | undefined =>
  entryIn(db.prepare(`${SELECT} WHERE subject = ? ORDER BY seq DESC LIMIT 1`).get(subject));

/** The newest event below `prefix`. The unary plus keeps SQLite from scanning the whole log backwards by `seq`. */
export function lastBelow(db: SqliteConnection, prefix: string): LogEntry | undefined {
  const sql = `${SELECT} WHERE subject >= ? AND subject < ? ORDER BY +seq DESC LIMIT 1`;
  return entryIn(db.prepare(sql).get(`${prefix}.`, `${prefix}/`));
}

/** The newest event of each subject below `prefix`, oldest first. */
export function newestBelow(db: SqliteConnection, prefix: string): readonly LogEntry[] {
  const newest = "SELECT max(seq) FROM events WHERE subject >= ? AND subject < ? GROUP BY subject";
  const sql = `${SELECT} WHERE seq IN (${newest}) ORDER BY seq`;
  return db.prepare(sql).all(`${prefix}.`, `${prefix}/`).map(entryOf);
}

/** Up to `limit` events after `seq`, in order. */
export const eventsAfter = (db: SqliteConnection, seq: number, limit: number): readonly LogEntry[] =>
  db.prepare(`${SELECT} WHERE seq > ? ORDER BY seq LIMIT ?`).all(seq, limit).map(entryOf);

export const eventAt = (db: SqliteConnection, seq: number): LogEntry | undefined =>
  entryIn(db.prepare(`${SELECT} WHERE seq = ?`).get(seq));

/** The newest sequence that was ever given to an event; 0 if none was. */
export const lastGivenSeq = (db: SqliteConnection): number =>
  Number(db.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'events'").get()?.["seq"] ?? 0);

/** True unless events after `seq` were deleted after their retention, or `seq` was never given to an event. */
export function holdsAllAfter(db: SqliteConnection, seq: number): boolean {
  const last = lastGivenSeq(db);
  const first = Number(db.prepare("SELECT min(seq) AS seq FROM events").get()?.["seq"] ?? last + 1);
  return first <= seq + 1 && seq <= last;
}

/** The sequence of the newest event; 0 if there is none. */
export const newestSeq = (db: SqliteConnection): number =>
  Number(db.prepare("SELECT max(seq) AS seq FROM events").get()?.["seq"] ?? 0);

type Row = Readonly<Record<string, unknown>>;

const entryIn = (row: Row | undefined): LogEntry | undefined =>
  row === undefined ? undefined : entryOf(row);

const entryOf = ({ seq, subject, time, event }: Row): LogEntry => ({
  ...parsedEntry({ seq: Number(seq), subject: String(subject), event: JSON.parse(String(event)) }),
  storedAt: timestamp(Number(time)),
});
