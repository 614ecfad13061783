import type { SqliteConnection } from "@loopgate/bus/sqlite";
import type { SQLInputValue } from "node:sqlite";
import { mergePages } from "./merge-pages.ts";
import { asksForDecision, type ListFilter, type ListPage, type ListPosition } from "./request-store.ts";

/** The trigram index knows words of at least this many characters. */
const INDEXED_CHARACTERS = 3;

/** A query along one index, in the order of its page. A filter is the union of several. */
interface Arm {
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
}

/** The requests of a page, by reading each arm no further than the page goes. */
export function pageOf(db: SqliteConnection, page: ListPage): readonly ListPosition[] {
  const found = armsOf(page.filter, page).map((arm) =>
    db
      .prepare(inOrder(arm, page.order))
      .all(...arm.values, page.limit)
      .map(({ createdAt, id }) => ({ createdAt: String(createdAt), id: String(id) })),
  );
  return mergePages(found, page);
}

/** The query of an arm in order, with one more value: its limit. */
export function inOrder({ sql }: Arm, order: ListPage["order"]): string {
  const direction = order === "asc" ? "" : "DESC";
  return `${sql} ORDER BY createdAt ${direction}, id ${direction} LIMIT ?`;
}

/** Counts up to `limit`. */
export function countOf(db: SqliteConnection, filter: ListFilter, limit: number): number {
  const arms = armsOf(filter);
  const ids = new Set<string>();
  for (const { sql, values } of arms) {
    if (arms.length === 1) {
      const counted = db.prepare(`SELECT count(*) AS count FROM (${sql} LIMIT ?)`).get(...values, limit);
      return Number(counted?.["count"]);
    }
    for (const { id } of db.prepare(`${sql} LIMIT ?`).all(...values, limit)) ids.add(String(id));
  }
  return Math.min(ids.size, limit);
}

/** One arm for each status, and for each principal if principals are given. */
export function armsOf(filter: ListFilter, page?: Pick<ListPage, "order" | "after">): readonly Arm[] {
  const { statuses, principals, decidedBy } = filter;
  const possible = statuses.filter((status) => status !== "pending" || !asksForDecision(filter));
  const people =
    decidedBy === undefined
      ? principals?.map((principal) => ({ role: "responder", principal }))
      : [{ role: "decider", principal: decidedBy }];
  return possible.flatMap((status) => {
    if (people === undefined) return [armOf({ filter, page, status })];
    return people.map((person) => armOf({ filter, page, status, person }));
  });
}

interface ArmOptions {
  readonly filter: ListFilter;
  readonly page: Pick<ListPage, "order" | "after"> | undefined;
  readonly status: string;
  readonly person?: { readonly role: string; readonly principal: string };
}

function armOf({ filter, page, status, person }: ArmOptions): Arm {
  const conditions: string[] = [];
  const values: SQLInputValue[] = [];
  const where = (condition: string, ...given: readonly SQLInputValue[]) => {
    conditions.push(condition);
    values.push(...given);
  };
  const { tenant, sessionId, clientId, principals, outcome, channel, words } = filter;
  const first = person === undefined ? "r" : "p";
  where(`${first}.tenant = ? AND ${first}.status = ?`, tenant, status);
  if (person !== undefined) where("p.role = ? AND p.principal = ?", person.role, person.principal);
  if (sessionId !== undefined) where("r.session_id = ?", sessionId);
  if (clientId !== undefined) where("r.client_id = ?", clientId);
  if (outcome !== undefined) where("r.outcome = ?", outcome);
  if (channel !== undefined) where("r.channel = ?", channel);
  const { createdAfter, createdBefore, decidedBy } = filter;
  if (createdAfter !== undefined) where(`${first}.created_at >= ?`, createdAfter);
  if (createdBefore !== undefined) where(`${first}.created_at < ?`, createdBefore);
  if (page?.after !== undefined) {
    const isBehind = page.order === "asc" ? ">" : "<";
    where(`(${first}.created_at, ${first}.id) ${isBehind} (?, ?)`, page.after.createdAt, page.after.id);
  }
  if (decidedBy !== undefined && principals !== undefined) where(isFor(principals), ...principals);
  if (words !== undefined) where(...hasWords(tenant, words));
  const from =
    person === undefined
      ? "requests r"
      : `request_people p CROSS JOIN requests r
           ON r.tenant = p.tenant AND r.id = p.id AND r.status = p.status AND r.created_at = p.created_at`;
  const sql = `SELECT ${first}.created_at AS createdAt, ${first}.id AS id FROM ${from} WHERE ${conditions.join(" AND ")}`;
  return { sql, values };
}

const isFor = (principals: readonly string[]): string => `EXISTS (
  SELECT 1 FROM request_people o WHERE o.tenant = r.tenant AND o.role = 'responder'
    AND o.principal IN (${principals.map(() => "?").join(", ")})
    AND o.status = r.status AND o.created_at = r.created_at AND o.id = r.id)`;

/** Short words are looked for in every text. */
function hasWords(tenant: string, words: readonly string[]): readonly [string, ...SQLInputValue[]] {
  const isIndexed = (word: string) => Array.from(word).length >= INDEXED_CHARACTERS;
  const [indexed, short] = [words.filter(isIndexed), words.filter((word) => !isIndexed(word))];
  const like = short.map(() => "AND t.text LIKE ? ESCAPE '\\'").join(" ");
  const patterns = short.map((word) => `%${word.replaceAll(/[\\%_]/g, "\\$&")}%`);
  if (indexed.length === 0) {
    return [`r.id IN (SELECT t.id FROM request_texts t WHERE t.tenant = ? ${like})`, tenant, ...patterns];
  }
  const match = indexed.map((word) => `"${word.replaceAll('"', '""')}"`).join(" ");
  return [
    `r.id IN (SELECT t.id FROM request_search s JOIN request_texts t ON t.number = s.rowid
       WHERE s.text MATCH ? AND t.tenant = ? ${like})`,
    match,
    tenant,
    ...patterns,
  ];
}
