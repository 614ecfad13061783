import type { SqliteConnection } from "./sqlite-database.ts";

/** How much of the file holds something, with what the transaction under way adds; deleted pages are used again. */
export const usedBytes = (db: SqliteConnection): number =>
  (pragma(db, "page_count") - pragma(db, "freelist_count")) * pragma(db, "page_size");

const pragma = (db: SqliteConnection, name: string): number =>
  Number(db.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0);
