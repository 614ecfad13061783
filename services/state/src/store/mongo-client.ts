import { readSmallFile } from "@loopgate/async";
import { StartupError } from "@loopgate/bus";
import { MongoClient, type MongoClientOptions } from "mongodb";

/** Where the database is. */
export interface MongoAccess {
  /** The connection string. */
  readonly uri: string;
  /** The path of a file that holds it instead. It is read again at each connect. */
  readonly uriFile?: string | undefined;
}

const OPTIONS: MongoClientOptions = {
  appName: "loopgate-state",
  maxPoolSize: 10,
  // A server that hangs is known to do so after the time to connect and the time between two signs of life.
  connectTimeoutMS: 2_000,
  heartbeatFrequencyMS: 1_000,
  serverSelectionTimeoutMS: 2_000,
  waitQueueTimeoutMS: 2_000,
  socketTimeoutMS: 5_000,
  writeConcern: { w: "majority", journal: true, wtimeoutMS: 3_000 },
  readConcern: { level: "majority" },
  readPreference: "primary",
  retryReads: true,
  retryWrites: true,
};

/** The connection string as it is now. While its file can't be read, the one from the start. */
export async function currentUri({ uri, uriFile }: MongoAccess): Promise<string> {
  if (uriFile === undefined) return uri;
  const content = await readSmallFile(uriFile).catch(() => undefined);
  return content?.toString().trim() || uri;
}

/** @throws StartupError for a connection string that can't be used. The message repeats nothing of it. */
export function newClient(uri: string): MongoClient {
  const [, rest = ""] = /^mongodb(?:\+srv)?:\/\/(.*)$/s.exec(uri) ?? [];
  // What follows the first "/", "?" or "#" of a password reads as a path, and another "@" as a host.
  if (rest.split("@").length > 2 || /[/?#].*@/.test(rest)) throw unreadable();
  if (!/^[^/?]+\/[^/?]+/.test(rest)) {
    throw new StartupError(
      "MONGODB_URI must be a connection string with a database, such as mongodb://host/loopgate?replicaSet=rs0",
    );
  }
  try {
    return new MongoClient(uri, OPTIONS);
  } catch {
    // The driver's message may repeat the string, which may hold a password.
    throw unreadable();
  }
}

const unreadable = (): StartupError =>
  new StartupError(
    "MONGODB_URI can't be read: check its form; reserved characters in user and password are percent-encoded",
  );
