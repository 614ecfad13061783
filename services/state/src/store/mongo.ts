import type { ParsedEntry, RequestRef } from "@loopgate/contracts";
import type { RequestSet } from "@loopgate/domain";
import type { Collection, Db } from "mongodb";
import type { PendingPage, RequestStore } from "./request-store.ts";
import type { MongoAccess } from "./mongo-client.ts";
import { MongoConnection, type MongoOptions } from "./mongo-connection.ts";
import {
  COLLECTION,
  documentId,
  indexes,
  mergeOperations,
  pageQuery,
  type RequestDocument,
  setOf,
} from "./mongo-document.ts";

export { inspectMongo, type MongoInspection } from "./inspect-mongo.ts";
export { mongoSecrets, mongoVariables } from "./mongo-variables.ts";

const onlyEvents = { _id: 0, events: 1 } as const;

/** The projection as one document a request. Writes are acknowledged by a majority of the replica set. */
export class MongoRequestStore implements RequestStore, AsyncDisposable {
  readonly #connection: MongoConnection;

  private constructor(connection: MongoConnection) {
    this.#connection = connection;
  }

  /**
   * Opens the store, also while the database is away: then every call is `Unavailable` until it is there.
   * @throws StartupError for a database that will not do: a wrong user (LoginRefused), missing privileges, no replica set, a
   * connection string without a database's name.
   */
  static async open(access: string | MongoAccess, options: MongoOptions = {}): Promise<MongoRequestStore> {
    const named = typeof access === "string" ? { uri: access } : access;
    const makeIndexes = (db: Db) => db.collection(COLLECTION).createIndexes([...indexes]);
    return new MongoRequestStore(await MongoConnection.open(named, makeIndexes, options));
  }

  async merge(entries: readonly ParsedEntry[]): Promise<void> {
    const operations = mergeOperations(entries);
    if (operations.length === 0) return;
    await this.#use((requests) => requests.bulkWrite(operations, { ordered: false }));
  }

  async get(ref: RequestRef): Promise<RequestSet | undefined> {
    const query = { _id: documentId(ref) };
    const found = await this.#use((requests) => requests.findOne(query, { projection: onlyEvents }));
    return found === null ? undefined : setOf(found);
  }

  async listPending(page: PendingPage): Promise<readonly RequestSet[]> {
    const { filter, sort, hint } = pageQuery(page);
    const options = { projection: onlyEvents, sort, hint, limit: page.limit };
    const found = await this.#use((requests) => requests.find(filter, options).toArray());
    return found.map(setOf);
  }

  countPending(tenant: string, limit: number): Promise<number> {
    const { filter, hint } = pageQuery({ tenant, limit });
    return this.#use((requests) => requests.countDocuments(filter, { hint, limit }));
  }

  /** For readiness: resolves when the database answers. */
  async check(): Promise<void> {
    await this.#connection.use((db) => db.command({ ping: 1 }));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#connection[Symbol.asyncDispose]();
  }

  #use<Result>(work: (requests: Collection<RequestDocument>) => Promise<Result>): Promise<Result> {
    return this.#connection.use((db) => work(db.collection<RequestDocument>(COLLECTION)));
  }
}
