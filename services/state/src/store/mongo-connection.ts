import { sleep, withTimeout } from "@loopgate/async";
import { LOGIN_PATIENCE_MS, LoginRefused, Unavailable } from "@loopgate/bus";
import { type Db, type MongoClient, ServerType } from "mongodb";
import { whyAway, whyUnwritable } from "./mongo-away.ts";
import { currentUri, type MongoAccess, newClient } from "./mongo-client.ts";
import { isUnauthorized, notAReplicaSet, refusalOf, translated } from "./mongo-failures.ts";

/** No call takes longer. Writes that are given up may still arrive; they can be repeated. */
const DEADLINE_MS = 4_000;
const RECONNECT_EVERY_MS = 500;

/** How long after the last server was lost its reason is reported, in milliseconds: the first one is often "closed". */
const REPORT_AFTER_MS = 1_500;

const WRITABLE = new Set<string>([
  ServerType.RSPrimary,
  ServerType.Mongos,
  ServerType.LoadBalancer,
  ServerType.Standalone,
]);

/** Makes sure that what the work needs exists. */
export type Preparation = (db: Db) => Promise<unknown>;

export interface MongoOptions {
  /** The database can't be used, for this reason. Is called again when the reason changes. */
  readonly onDisconnected?: (reason: Error) => void;
  readonly onReconnected?: () => void;
  /** Is called once when the server has refused to let this process log in for `loginPatienceMs`. */
  readonly onLoginRefused?: (error: LoginRefused) => void;
  /** In milliseconds. Default: a minute. */
  readonly loginPatienceMs?: number;
}

/**
 * A database that may be away at any time, also from the start. The driver watches its servers: while it knows that
 * none takes writes, every call fails at once. The driver keeps its credentials: after a refused login a new client
 * takes over, with what the file says then.
 */
export class MongoConnection implements AsyncDisposable {
  readonly #access: MongoAccess;
  readonly #prepare: Preparation;
  readonly #options: MongoOptions;
  readonly #stop = new AbortController();
  #client: MongoClient;
  #uri: string;
  #prepared: Promise<unknown> | undefined;
  #isWritable = false;
  #whyAway = whyAway(undefined);
  #reported: string | undefined;
  #report: NodeJS.Timeout | undefined;
  #recovering: Promise<void> | undefined;

  private constructor(access: MongoAccess, uri: string, prepare: Preparation, options: MongoOptions) {
    this.#access = access;
    this.#prepare = prepare;
    this.#options = options;
    this.#uri = uri;
    this.#client = this.#watched(newClient(uri));
  }

  /**
   * Connects; a database that is away is waited for in the background.
   * @throws StartupError for what waiting does not mend: the message says what to do.
   */
  static async open(
    access: MongoAccess,
    prepare: Preparation,
    options: MongoOptions = {},
  ): Promise<MongoConnection> {
    const connection = new MongoConnection(access, await currentUri(access), prepare, options);
    try {
      await connection.#client.connect();
      await inTime(connection.#work(async () => undefined));
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal !== undefined) {
        await connection[Symbol.asyncDispose]();
        throw refusal;
      }
      connection.#isAway(whyAway(error));
      connection.#recover();
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
      const result = await inTime(this.#work(work));
      this.#works();
      return result;
    } catch (error) {
      // An operator may have dropped what was prepared.
      this.#prepared = undefined;
      if (await this.#isLoginOld(error)) this.#recover();
      throw translated(error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    clearTimeout(this.#report);
    await this.#recovering;
    await this.#client.close();
  }

  async #work<Result>(work: (db: Db) => Promise<Result>): Promise<Result> {
    const db = this.#client.db();
    await (this.#prepared ??= verifyReplicaSet(db).then(() => this.#prepare(db)));
    return work(db);
  }

  /** True if another login may help: this one was refused, or has lost its rights and the file has another. */
  async #isLoginOld(error: unknown): Promise<boolean> {
    if (refusalOf(error) instanceof LoginRefused) return true;
    return isUnauthorized(error) && (await currentUri(this.#access)) !== this.#uri;
  }

  /** Follows the servers of a client for as long as it is the current one. */
  #watched(client: MongoClient): MongoClient {
    client.on("topologyDescriptionChanged", ({ newDescription }) => {
      if (client !== this.#client || this.#recovering !== undefined) return;
      const servers = [...newDescription.servers.values()];
      this.#isWritable = servers.some(({ type }) => WRITABLE.has(type));
      if (this.#isWritable) this.#isThere();
      else this.#isAway(whyUnwritable(newDescription));
    });
    return client;
  }

  #isThere(): void {
    clearTimeout(this.#report);
    this.#report = undefined;
    this.#isWritable = true;
  }

  /** A server that is found again may still refuse the login: only a call that succeeds ends an outage. */
  #works(): void {
    if (this.#reported === undefined) return;
    this.#reported = undefined;
    this.#options.onReconnected?.();
  }

  /** Reports a reason that lasts, once. */
  #isAway(why: string): void {
    this.#isWritable = false;
    this.#whyAway = why;
    if (this.#stop.signal.aborted) return;
    this.#report ??= setTimeout(() => {
      this.#report = undefined;
      if (this.#whyAway === this.#reported) return;
      this.#reported = this.#whyAway;
      this.#options.onDisconnected?.(new Unavailable(this.#whyAway));
    }, REPORT_AFTER_MS);
  }

  /** The driver reconnects by itself once it has been connected, and only with the login that it had then. */
  #recover(): void {
    this.#recovering ??= this.#reconnect().finally(() => (this.#recovering = undefined));
  }

  async #reconnect(): Promise<void> {
    const { onLoginRefused, loginPatienceMs = LOGIN_PATIENCE_MS } = this.#options;
    const { signal } = this.#stop;
    let refusedSince: number | undefined;
    while (await sleep(RECONNECT_EVERY_MS, signal)) {
      const refusal = await this.#replaceClient();
      if (refusal === undefined) return this.#isThere();
      this.#isAway(refusal.message);
      refusedSince = refusal instanceof LoginRefused ? (refusedSince ?? performance.now()) : undefined;
      if (refusal instanceof LoginRefused && performance.now() - (refusedSince ?? 0) >= loginPatienceMs) {
        return onLoginRefused?.(refusal);
      }
    }
  }

  /** Connects a new client and closes the old one. Returns why that fails. */
  async #replaceClient(): Promise<Error | undefined> {
    let client: MongoClient | undefined;
    try {
      const uri = await currentUri(this.#access);
      client = this.#watched(newClient(uri));
      await client.connect();
      const old = this.#client;
      [this.#client, this.#uri, this.#prepared] = [client, uri, undefined];
      await old.close();
      return undefined;
    } catch (error) {
      await client?.close();
      return refusalOf(error) ?? new Unavailable(whyAway(error));
    }
  }
}

async function verifyReplicaSet(db: Db): Promise<void> {
  const { setName, msg } = await db.command({ hello: 1 });
  if (setName === undefined && msg !== "isdbgrid") throw notAReplicaSet();
}

const inTime = <Result>(work: Promise<Result>): Promise<Result> =>
  withTimeout(work, DEADLINE_MS, () => {
    throw new Unavailable("MongoDB does not answer in time");
  });
