import {
  parseRequestSubject,
  type ParsedEntry,
  parsedEntry,
  type RequestRef,
  type Stored,
} from "@loopgate/contracts";
import { createdOf, decisionOf, fold, merge, type RequestSet, statusOf } from "@loopgate/domain";
import type { SqliteConnection, SqliteDatabase } from "@loopgate/bus/sqlite";
import type { SQLInputValue } from "node:sqlite";
import { type AskedKeys, askedKeysOf, type EndedKeys, endedKeysOf } from "./list-keys.ts";
import type { ListFilter, ListPage, RequestStore } from "./request-store.ts";
import { countOf, pageOf } from "./sqlite-lists.ts";
import { createTables, WITHOUT_KEYS } from "./sqlite-schema.ts";

/** How many rows of an older release get their keys in one transaction. */
const PAGE = 200;

const UPSERT = `
  INSERT INTO requests (tenant, id, events, pending, created_at, session_id, client_id, status, outcome, channel)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (tenant, id) DO UPDATE SET events = excluded.events, pending = excluded.pending,
    created_at = excluded.created_at, session_id = excluded.session_id, client_id = excluded.client_id,
    status = excluded.status, outcome = excluded.outcome, channel = excluded.channel
`;

const FORGET_PERSON = `
  DELETE FROM request_people WHERE tenant = ? AND role = ? AND principal = ?
    AND status IN ('pending', 'decided', 'expired', 'cancelled') AND created_at = ? AND id = ?
`;
const ADD_PERSON =
  "INSERT INTO request_people (tenant, role, principal, created_at, id, status) VALUES (?, ?, ?, ?, ?, ?)";

const SET_TEXT = `
  INSERT INTO request_texts (tenant, id, text) VALUES (?, ?, ?)
  ON CONFLICT (tenant, id) DO UPDATE SET text = excluded.text WHERE text <> excluded.text
`;

/** The projection, one row per request: the set of its events as JSON, and the columns that lists filter and sort by. */
export class SqliteRequestStore implements RequestStore {
  readonly #database: SqliteDatabase;

  private constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  /** Opens the store in a database that it shares with the log. What an older release has stored gets its keys first. */
  static async open(database: SqliteDatabase): Promise<SqliteRequestStore> {
    await database.write(createTables);
    while ((await database.write(addKeys)) === PAGE);
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

  async list(page: ListPage): Promise<readonly RequestSet[]> {
    const { tenant } = page.filter;
    return this.#database.read((db) =>
      pageOf(db, page)
        .map(({ id }) => setOf(db, { tenant, id }))
        .filter((set) => set !== undefined),
    );
  }

  async count(filter: ListFilter, limit: number): Promise<number> {
    return this.#database.read((db) => countOf(db, filter, limit));
  }
}

function mergeRequest(db: SqliteConnection, entries: readonly ParsedEntry[]): void {
  const ref = parseRequestSubject(entries[0]?.subject ?? "");
  if (ref === undefined) return;
  const before = setOf(db, ref) ?? {};
  const set = merge(before, entries);
  writeRow(db, ref, set);
  const isSame =
    createdOf(before)?.seq === createdOf(set)?.seq && decisionOf(before)?.seq === decisionOf(set)?.seq;
  if (!isSame) writeKeys(db, ref, set);
}

/** Writes the keys of some rows that have none; returns their number. */
function addKeys(db: SqliteConnection): number {
  const rows = db
    .prepare(`SELECT tenant, id, events FROM requests WHERE ${WITHOUT_KEYS} LIMIT ${PAGE}`)
    .all();
  for (const { tenant, id, events } of rows) {
    const ref = { tenant: String(tenant), id: String(id) };
    const set = parseSet(events);
    writeRow(db, ref, set);
    writeKeys(db, ref, set);
  }
  return rows.length;
}

function writeRow(db: SqliteConnection, { tenant, id }: RequestRef, set: RequestSet): void {
  const { asked, ended, status } = keysOf(set);
  db.prepare(UPSERT).run(
    tenant,
    id,
    JSON.stringify(set),
    status === "pending" ? 1 : 0,
    asked?.at ?? null,
    asked?.session ?? null,
    asked?.client ?? null,
    status,
    ended?.outcome ?? null,
    ended?.channel ?? null,
  );
}

/** Writes what leads to a request from its people and its words. */
function writeKeys(db: SqliteConnection, { tenant, id }: RequestRef, set: RequestSet): void {
  const { asked, ended, status } = keysOf(set);
  if (asked === undefined) return;
  const people = [
    ...asked.responders.map((principal) => ({ role: "responder", principal })),
    ...(ended?.deciders ?? []).map((principal) => ({ role: "decider", principal })),
  ];
  for (const { role, principal } of people) {
    db.prepare(FORGET_PERSON).run(tenant, role, principal, asked.at, id);
    db.prepare(ADD_PERSON).run(tenant, role, principal, asked.at, id, status);
  }
  db.prepare(SET_TEXT).run(tenant, id, [asked.text, ended?.text ?? ""].join("\n"));
}

interface Keys {
  readonly asked: AskedKeys | undefined;
  readonly ended: EndedKeys | undefined;
  /** Empty while the question is not stored. */
  readonly status: string;
}

function keysOf(set: RequestSet): Keys {
  const [created, decision] = [createdOf(set)?.event, decisionOf(set)?.event];
  return {
    asked: created && askedKeysOf(created),
    ended: decision && endedKeysOf(decision),
    status: created === undefined ? "" : statusOf(decision),
  };
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
