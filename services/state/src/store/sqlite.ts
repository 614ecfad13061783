import {
  parseRequestSubject,
  type ParsedEntry,
  parsedEntry,
  type RequestRef,
  type Stored,
} from "@loopgate/contracts";
import { createdOf, decisionOf, fold, merge, type RequestSet } from "@loopgate/domain";
import type { SqliteConnection, SqliteDatabase } from "@loopgate/bus/sqlite";
import type { SQLInputValue } from "node:sqlite";
import type { PendingPage, RequestStore } from "./request-store.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS requests (
    tenant TEXT NOT NULL, id TEXT NOT NULL, events TEXT NOT NULL,
    pending INTEGER NOT NULL, created_at TEXT, session_id TEXT, client_id TEXT,
    PRIMARY KEY (tenant, id)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS pending_by_age ON requests (tenant, created_at, id) WHERE pending = 1;
  CREATE INDEX IF NOT EXISTS pending_by_session ON requests (tenant, session_id, created_at, id) WHERE pending = 1;
  CREATE INDEX IF NOT EXISTS pending_by_client ON requests (tenant, client_id, created_at, id) WHERE pending = 1;
`;

const UPSERT = `
  INSERT INTO requests (tenant, id, events, pending, created_at, session_id, client_id) VALUES (?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (tenant, id) DO UPDATE SET events = excluded.events, pending = excluded.pending,
    created_at = excluded.created_at, session_id = excluded.session_id, client_id = excluded.client_id
`;

/** The projection, one row per request: the set of its events as JSON, and the columns that lists filter and sort by. */
export class SqliteRequestStore implements RequestStore {
  readonly #database: SqliteDatabase;

  private constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  /** Opens the store in a database that it shares with the log. */
  static async open(database: SqliteDatabase): Promise<SqliteRequestStore> {
    await database.write((db) => db.exec(SCHEMA));
    return new SqliteRequestStore(database);
  }

  async merge(entries: readonly ParsedEntry[]): Promise<void> {
    const byRequest = Map.groupBy(entries, ({ subject }) => {
      const ref = parseRequestSubject(subject);
      // What is no event of a request shares the key "", and mergeRequest skips it.
      return ref === undefined ? "" : JSON.stringify([ref.tenant, ref.id]);
    });
    await this.#database.write((db) => {
      for (const group of byRequest.values()) mergeRequest(db, group);
    });
  }

  async get(ref: RequestRef): Promise<RequestSet | undefined> {
    return this.#database.read((db) => setOf(db, ref));
  }

  async countPending(tenant: string, limit: number): Promise<number> {
    const sql =
      "SELECT count(*) AS count FROM (SELECT 1 FROM requests WHERE pending = 1 AND tenant = ? LIMIT ?)";
    return this.#database.read((db) => Number(db.prepare(sql).get(tenant, limit)?.["count"]));
  }

  async listPending(page: PendingPage): Promise<readonly RequestSet[]> {
    const { sql, values } = listQuery(page);
    return this.#database.read((db) =>
      db
        .prepare(sql)
        .all(...values)
        .map(({ events }) => parseSet(events)),
    );
  }
}

function mergeRequest(db: SqliteConnection, entries: readonly ParsedEntry[]): void {
  const ref = parseRequestSubject(entries[0]?.subject ?? "");
  if (ref === undefined) return;
  const set = merge(setOf(db, ref) ?? {}, entries);
  const created = createdOf(set)?.event;
  db.prepare(UPSERT).run(
    ref.tenant,
    ref.id,
    JSON.stringify(set),
    created !== undefined && decisionOf(set) === undefined ? 1 : 0,
    created?.time ?? null,
    created?.data.session_id ?? null,
    created?.data.client_id ?? null,
  );
}

function setOf(db: SqliteConnection, { tenant, id }: RequestRef): RequestSet | undefined {
  const row = db.prepare("SELECT events FROM requests WHERE tenant = ? AND id = ?").get(tenant, id);
  return row === undefined ? undefined : parseSet(row["events"]);
}

/** Parses the column `events`. */
function parseSet(events: SQLInputValue | undefined): RequestSet {
  if (typeof events !== "string") throw new TypeError("the store holds no events for this request");
  const entries: Record<string, Stored> = JSON.parse(events);
  return fold(Object.values(entries).map(parsedEntry));
}

function listQuery({ tenant, sessionId, clientId, after, limit }: PendingPage) {
  const conditions = ["pending = 1", "tenant = ?"];
  const values: SQLInputValue[] = [tenant];
  const where = (condition: string, ...given: SQLInputValue[]) => {
    conditions.push(condition);
    values.push(...given);
  };
  if (sessionId !== undefined) where("session_id = ?", sessionId);
  if (clientId !== undefined) where("client_id = ?", clientId);
  if (after !== undefined) where("(created_at, id) > (?, ?)", after.createdAt, after.id);
  const sql = `SELECT events FROM requests WHERE ${conditions.join(" AND ")} ORDER BY created_at, id LIMIT ?`;
  return { sql, values: [...values, limit] };
}
