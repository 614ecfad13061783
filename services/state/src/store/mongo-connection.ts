import { sleep, withTimeout } from "@loopgate/async";
import { StartupError, Unavailable } from "@loopgate/bus";
import { type Db, MongoClient, type MongoClientOptions, ServerType } from "mongodb";
import { notAReplicaSet, refusalOf, translated } from "./mongo-failures.ts";

/** No call takes longer. Writes that are given up may still arrive; they can be repeated. */
const DEADLINE_MS = 4_000;
const RECONNECT_EVERY_MS = 500;

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

const WRITABLE = new Set<string>([
  ServerType.RSPrimary,
  ServerType.Mongos,
  ServerType.LoadBalancer,
  ServerType.Standalone,
]);

/** Makes sure that what the work needs stands. */
export type Preparation = (db: Db) => Promise<unknown>;

/**
 * A database that may be away at any time, also from the start. The driver watches its servers: while it knows that
 * none takes writes, every call fails at once.
 */
export class MongoConnection implements AsyncDisposable {
  readonly #client: MongoClient;
  readonly #prepare: Preparation;
  readonly #stop = new AbortController();
  #prepared: Promise<unknown> | undefined;
  #isWritable = false;
  #whyAway = "MongoDB is away: see whether it runs, and the network";
  #connecting: Promise<void> | undefined;

  private constructor(client: MongoClient, prepare: Preparation) {
    this.#client = client;
    this.#prepare = prepare;
    client.on("topologyDescriptionChanged", ({ newDescription: { servers } }) => {
      this.#isWritable = [...servers.values()].some(({ type }) => WRITABLE.has(type));
    });
  }

  /**
   * Connects; a database that is away is waited for in the background.
   * @throws StartupError for what waiting does not mend: the message says what to do.
   */
  static async open(uri: string, prepare: Preparation): Promise<MongoConnection> {
    const connection = new MongoConnection(clientOf(uri), prepare);
    try {
      await connection.#connect();
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal !== undefined) {
        await connection[Symbol.asyncDispose]();
        throw refusal;
      }
      connection.#connecting = connection.#connectAtLast();
    }
    return connection;
  }

  /**
   * Works on the database, after {@link Preparation}.
   * @throws Unavailable when the database does not answer within 4 s, or refuses.
   */
  async use<Result>(work: (db: Db) => Promise<Result>): Promise<Result> {
    if (!this.#isWritable) throw new Unavailable(this.#whyAway);
    try {
      return await inTime(this.#work(work));
    } catch (error) {
      // Somebody may have dropped what was prepared.
      this.#prepared = undefined;
      throw translated(error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#client.close();
    await this.#connecting;
  }

  async #work<Result>(work: (db: Db) => Promise<Result>): Promise<Result> {
    const db = this.#client.db();
    await (this.#prepared ??= verifyReplicaSet(db).then(() => this.#prepare(db)));
    return work(db);
  }

  async #connect(): Promise<void> {
    await this.#client.connect();
    await inTime(this.#work(async () => undefined));
  }

  /** The driver reconnects by itself only after it has been connected once. */
  async #connectAtLast(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await this.#client.connect();
        return;
      } catch (error) {
        this.#whyAway = refusalOf(error)?.message ?? this.#whyAway;
        await sleep(RECONNECT_EVERY_MS, signal);
      }
    }
  }
}

async function verifyReplicaSet(db: Db): Promise<void> {
  const { setName, msg } = await db.command({ hello: 1 });
  if (setName === undefined && msg !== "isdbgrid") throw notAReplicaSet();
}

function clientOf(uri: string): MongoClient {
  if (!/^mongodb(\+srv)?:\/\/[^/?]+\/[^/?]+/.test(uri)) {
    throw new StartupError(
      "MONGODB_URI must be a connection string with a database, such as mongodb://host/loopgate?replicaSet=rs0",
    );
  }
  try {
    return new MongoClient(uri, OPTIONS);
  } catch {
    // The driver's message may repeat the string, which may hold a password.
    throw new StartupError(
      "MONGODB_URI can't be read: check its form; reserved characters in user and password are percent-encoded",
    );
  }
}

const inTime = <Result>(work: Promise<Result>): Promise<Result> =>
  withTimeout(work, DEADLINE_MS, () => {
    throw new Unavailable("MongoDB does not answer in time");
  });
