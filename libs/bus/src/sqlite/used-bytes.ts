import type { SqliteConnection } from "./database.ts";

/** The size of an entry: its event and subject, and an estimate for the rest of its row and its index entries. */
const bytesOf = (row: string) => `octet_length(${row}.event) + octet_length(${row}.subject) + 100`;

/** Triggers keep the sum in the transaction that adds or deletes an entry. In an older file the sum is computed once. */
export const USED_BYTES_SCHEMA = `
  CREATE TABLE IF NOT EXISTS used (bytes INTEGER NOT NULL);
  INSERT INTO used SELECT (SELECT coalesce(sum(${bytesOf("events")}), 0) FROM events) WHERE NOT EXISTS (SELECT 1 FROM used);
  CREATE TRIGGER IF NOT EXISTS event_added AFTER INSERT ON events BEGIN
    UPDATE used SET bytes = bytes + ${bytesOf("new")};
  END;
  CREATE TRIGGER IF NOT EXISTS event_deleted AFTER DELETE ON events BEGIN
    UPDATE used SET bytes = bytes - (${bytesOf("old")});
  END;
`;

/** The size of the log's entries in bytes, including those of the current transaction. Other tables do not count. */
export const usedBytes = (db: SqliteConnection): number =>
  Number(db.prepare("SELECT bytes FROM used").get()?.["bytes"]);
