import { type ParsedEntry, parsedEntry, type RequestRef } from "@loopgate/contracts";
import type { RequestSet } from "@loopgate/domain";
import type { Collection, Db } from "mongodb";
import { withTimeout } from "@loopgate/async";
import { mergePages } from "./merge-pages.ts";
import type { ListFilter, ListPage, RequestStore } from "./request-store.ts";
import type { MongoAccess } from "./mongo-client.ts";
import { MongoConnection, type MongoOptions } from "./mongo-connection.ts";
import {
  COLLECTION,
  documentId,
  lacksKeys,
  mergeOperations,
  type RequestDocument,
  setOf,
} from "./mongo-document.ts";
import { armsOf, indexes, sortOf } from "./mongo-lists.ts";

export { inspectMongo, type MongoInspection } from "./inspect-mongo.ts";
export { mongoSecrets, mongoVariables } from "./mongo-variables.ts";

const onlyEvents = { _id: 0, events: 1 } as const;
const keysOnly = { "asked.seq": 1, "asked.responders": 1, newest: 1 } as const;
const eventsAndTime = { events: 1, "asked.at": 1 } as const;

/** How many documents are looked at in one read. */
const PAGE = 500;

/** How long a start waits for new indexes, in milliseconds; many documents take longer. Until then, lists fail that need them. */
const INDEXES_MS = 2_000;

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

  async list(page: ListPage): Promise<readonly RequestSet[]> {
    const options = { projection: eventsAndTime, sort: sortOf(page), limit: page.limit };
    const found = await Promise.all(
      armsOf(page.filter, page).map((arm) =>
        this.#use((requests) =>
          requests
            .find(arm.filter, { ...options, ...arm.options })
            .map(({ _id, asked, events }) => ({ createdAt: asked?.at ?? "", id: _id, events }))
            .toArray(),
        ),
      ),
    );
    return mergePages(found, page).map(setOf);
  }

  async count(filter: ListFilter, limit: number): Promise<number> {
    const counts = await Promise.all(
      armsOf(filter).map((arm) =>
        this.#use((requests) => requests.countDocuments(arm.filter, { ...arm.options, limit })),
      ),
    );
    const sum = counts.reduce((one, other) => one + other, 0);
    return Math.min(sum, limit);
  }

  /**
   * Gives stored requests what lists find them by, if a release has stored them that did not know it.
   * @returns how many requests.
   */
  async addKeys(): Promise<number> {
    let added = 0;
    for (let last = ""; ;) {
      const page = await this.#use((requests) =>
        requests
          .find({ _id: { $gt: last } }, { projection: keysOnly, sort: { _id: 1 }, limit: PAGE })
          .toArray(),
      );
      const lacking = page.filter(lacksKeys).map(({ _id }) => _id);
      await this.#addKeysTo(lacking);
      added += lacking.length;
      const end = page.at(-1);
      if (end === undefined) return added;
      last = end._id;
    }
  }

  /** For readiness: resolves when the database answers. */
  async check(): Promise<void> {
    await this.#connection.use((db) => db.command({ ping: 1 }));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#connection[Symbol.asyncDispose]();
  }

  async #addKeysTo(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    const found = await this.#use((requests) =>
      requests.find({ _id: { $in: [...ids] } }, { projection: onlyEvents }).toArray(),
    );
    await this.merge(found.flatMap((document) => Object.values(setOf(document)).map(parsedEntry)));
  }

  #use<Result>(work: (requests: Collection<RequestDocument>) => Promise<Result>): Promise<Result> {
    return this.#connection.use((db) => work(db.collection<RequestDocument>(COLLECTION)));
  }
}

/** MongoDB goes on with what takes longer. */
async function makeIndexes(db: Db): Promise<void> {
  const making = db.collection(COLLECTION).createIndexes(indexes.map((index) => ({ ...index })));
  making.catch(() => undefined);
  await withTimeout(
    making.then(() => undefined),
    INDEXES_MS,
    () => undefined,
  );
}
