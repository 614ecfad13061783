import { type MongoServer, startMongoServer } from "@loopgate/testing";
import { type Collection, MongoClient } from "mongodb";
import { afterAll, onTestFinished } from "vitest";
import type { RequestDocument } from "../../src/store/mongo-document.ts";
import { MongoRequestStore } from "../../src/store/mongo.ts";

/** One server for a test file; undefined where there is none. */
export async function mongoOfFile(): Promise<MongoServer | undefined> {
  const server = await startMongoServer();
  afterAll(() => server?.[Symbol.asyncDispose]());
  return server;
}

/** Opens the store until the end of the test. */
export async function openStore(uri: string): Promise<MongoRequestStore> {
  const store = await MongoRequestStore.open(uri);
  onTestFinished(() => store[Symbol.asyncDispose]());
  return store;
}

/** An operator's connection, until the end of the test. */
export function openClient(uri: string): MongoClient {
  const client = new MongoClient(uri);
  onTestFinished(() => client.close());
  return client;
}

/** The documents behind the store, as an operator sees them. */
export const documentsOf = (client: MongoClient): Collection<RequestDocument> =>
  client.db().collection("requests");
