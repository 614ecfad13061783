import type { SqliteConnection } from "@loopgate/bus/sqlite";

const REQUESTS = `
  CREATE TABLE IF NOT EXISTS requests (
    tenant TEXT NOT NULL, id TEXT NOT NULL, events TEXT NOT NULL,
    pending INTEGER NOT NULL, created_at TEXT, session_id TEXT, client_id TEXT,
    PRIMARY KEY (tenant, id)
  ) WITHOUT ROWID;
`;

/** Added after 0.1.0. A request whose question is not stored has the status "". */
const ADDED_COLUMNS = ["status", "outcome", "channel"] as const;

/**
 * The condition of rows that a release without `status` has written. `pending` is its column, and is written for it.
 * SQLite uses the index below only for the very same condition.
 */
export const WITHOUT_KEYS = "status IS NULL OR pending <> (status = 'pending')";

/**
 * `request_people` leads from a principal to requests; rows of a status or a time that the request no longer has do not
 * count. `request_search` finds parts of words of at least three characters in `request_texts`.
 */
const LISTS = `
  CREATE INDEX IF NOT EXISTS requests_by_status ON requests (tenant, status, created_at, id);
  CREATE INDEX IF NOT EXISTS requests_by_session ON requests (tenant, session_id, status, created_at, id);
  CREATE INDEX IF NOT EXISTS requests_by_client ON requests (tenant, client_id, status, created_at, id);
  CREATE INDEX IF NOT EXISTS requests_without_keys ON requests (tenant, id) WHERE ${WITHOUT_KEYS};
  DROP INDEX IF EXISTS pending_by_age;
  DROP INDEX IF EXISTS pending_by_session;
  DROP INDEX IF EXISTS pending_by_client;
  CREATE TABLE IF NOT EXISTS request_people (
    tenant TEXT NOT NULL, role TEXT NOT NULL, principal TEXT NOT NULL, status TEXT NOT NULL, created_at TEXT NOT NULL,
    id TEXT NOT NULL, PRIMARY KEY (tenant, role, principal, status, created_at, id)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS request_texts (
    number INTEGER PRIMARY KEY, tenant TEXT NOT NULL, id TEXT NOT NULL, text TEXT NOT NULL, UNIQUE (tenant, id)
  );
  CREATE VIRTUAL TABLE IF NOT EXISTS request_search USING fts5 (
    text, content = 'request_texts', content_rowid = 'number', tokenize = 'trigram'
  );
  CREATE TRIGGER IF NOT EXISTS request_text_added AFTER INSERT ON request_texts BEGIN
    INSERT INTO request_search (rowid, text) VALUES (new.number, new.text);
  END;
  CREATE TRIGGER IF NOT EXISTS request_text_changed AFTER UPDATE ON request_texts BEGIN
    INSERT INTO request_search (request_search, rowid, text) VALUES ('delete', old.number, old.text);
    INSERT INTO request_search (rowid, text) VALUES (new.number, new.text);
  END;
`;

/** Creates what is missing. Rows of an older release get their keys later: see {@link WITHOUT_KEYS}. */
export function createTables(db: SqliteConnection): void {
  db.exec(REQUESTS);
  const columns = new Set(
    db
      .prepare("SELECT name FROM pragma_table_info('requests')")
      .all()
      .map(({ name }) => name),
  );
  for (const column of ADDED_COLUMNS) {
    if (!columns.has(column)) db.exec(`ALTER TABLE requests ADD COLUMN ${column} TEXT`);
  }
  db.exec(LISTS);
}
