import type { Bucket, BucketLifetimes, BucketName, KeyValue, Revision } from "../key-value.ts";
import type { SqliteDatabase } from "./database.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS key_values (
    bucket TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, revision INTEGER NOT NULL, expires INTEGER,
    PRIMARY KEY (bucket, key)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS key_value_revision (revision INTEGER NOT NULL);
  INSERT INTO key_value_revision SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM key_value_revision);
`;
const NEXT_REVISION = "UPDATE key_value_revision SET revision = revision + 1 RETURNING revision";
const FORGET_EXPIRED = "DELETE FROM key_values WHERE bucket = ? AND key = ? AND expires <= ?";

/** Buckets as rows of one table. Readers ignore an expired value; its row is deleted by the next write or clean-up. */
export class SqliteKeyValue implements KeyValue {
  readonly #database: SqliteDatabase;
  readonly #lifetimes: BucketLifetimes;

  private constructor(database: SqliteDatabase, lifetimes: BucketLifetimes) {
    this.#database = database;
    this.#lifetimes = lifetimes;
  }

  static async open(database: SqliteDatabase, lifetimes: BucketLifetimes): Promise<SqliteKeyValue> {
    await database.write((db) => db.exec(SCHEMA));
    return new SqliteKeyValue(database, lifetimes);
  }

  async bucket(name: BucketName): Promise<Bucket> {
    return new SqliteBucket(this.#database, name, this.#lifetimes[name]);
  }

  /** Deletes the rows of expired values. */
  async forgetExpired(): Promise<void> {
    await this.#database.write(
      (db) => void db.prepare("DELETE FROM key_values WHERE expires <= ?").run(Date.now()),
    );
  }
}

class SqliteBucket implements Bucket {
  readonly #database: SqliteDatabase;
  readonly #name: BucketName;
  readonly #lifetimeMs: number | undefined;

  constructor(database: SqliteDatabase, name: BucketName, lifetimeMs: number | undefined) {
    this.#database = database;
    this.#name = name;
    this.#lifetimeMs = lifetimeMs;
  }

  async get(key: string): Promise<Revision | undefined> {
    const sql =
      "SELECT value, revision FROM key_values WHERE bucket = ? AND key = ? AND (expires IS NULL OR expires > ?)";
    const row = this.#database.read((db) => db.prepare(sql).get(this.#name, key, Date.now()));
    return row === undefined ? undefined : { value: String(row["value"]), revision: Number(row["revision"]) };
  }

  create(key: string, value: string): Promise<number | undefined> {
    const sql =
      "INSERT INTO key_values (bucket, key, value, revision, expires) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
    return this.#database.write((db) => {
      db.prepare(FORGET_EXPIRED).run(this.#name, key, Date.now());
      const revision = Number(db.prepare(NEXT_REVISION).get()?.["revision"]);
      const { changes } = db.prepare(sql).run(this.#name, key, value, revision, this.#expires());
      return changes === 1 ? revision : undefined;
    });
  }

  update(key: string, value: string, revision: number): Promise<number | undefined> {
    const sql =
      "UPDATE key_values SET value = ?, revision = ?, expires = ? WHERE bucket = ? AND key = ? AND revision = ?";
    return this.#database.write((db) => {
      db.prepare(FORGET_EXPIRED).run(this.#name, key, Date.now());
      const next = Number(db.prepare(NEXT_REVISION).get()?.["revision"]);
      const { changes } = db.prepare(sql).run(value, next, this.#expires(), this.#name, key, revision);
      return changes === 1 ? next : undefined;
    });
  }

  delete(key: string, revision: number): Promise<boolean> {
    const sql = "DELETE FROM key_values WHERE bucket = ? AND key = ? AND revision = ?";
    return this.#database.write((db) => {
      db.prepare(FORGET_EXPIRED).run(this.#name, key, Date.now());
      return db.prepare(sql).run(this.#name, key, revision).changes === 1;
    });
  }

  #expires(): number | null {
    return this.#lifetimeMs === undefined ? null : Date.now() + this.#lifetimeMs;
  }
}
