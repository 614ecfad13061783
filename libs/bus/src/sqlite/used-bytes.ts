import type { SqliteConnection } from "./sqlite-database.ts";

/** What an entry takes: its event, and roughly the rest of its row and its places in the indexes. */
const bytesOf = (row: string) => `octet_length(${row}.event) + octet_length(${row}.subject) + 100`;

/** SQLite counts in the transaction that adds or deletes an entry. A file from before that is counted once. */
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

/** How much the log's entries take, with what the transaction under way adds; what else the file holds does not count. */
export const usedBytes = (db: SqliteConnection): number =>
  Number(db.prepare("SELECT bytes FROM used").get()?.["bytes"]);
