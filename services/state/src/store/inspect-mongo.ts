import { type Db, MongoServerError } from "mongodb";
import { z } from "zod";
import { COLLECTION } from "./mongo-document.ts";
import { indexes } from "./mongo-lists.ts";
import { MongoConnection } from "./mongo-connection.ts";

/** The database as the user of its connection string sees it. */
export interface MongoInspection {
  /** The server's version. */
  readonly version: string;
  /** What the user would have to be granted, in the server's words. */
  readonly lacking: readonly string[];
  /** Indexes that are not there: the state service makes them when it starts. */
  readonly missingIndexes: readonly string[];
  /** Indexes that have the name of one of ours, and other keys. */
  readonly otherIndexes: readonly string[];
}

/**
 * Looks at the database and changes nothing there.
 * @throws Unavailable when it does not answer; StartupError for one that will not do, as {@link MongoConnection.open}.
 */
export async function inspectMongo(uri: string): Promise<MongoInspection> {
  let seen: MongoInspection | undefined;
  await using connection = await MongoConnection.open({ uri }, async (db) => {
    seen = await look(db);
  });
  return await connection.use(async (db) => seen ?? look(db));
}

async function look(db: Db): Promise<MongoInspection> {
  const { version } = Version.parse(await db.command({ buildInfo: 1 }));
  const lacking = await lackingPrivileges(db);
  if (lacking.includes("listIndexes")) return { version, lacking, missingIndexes: [], otherIndexes: [] };
  const keys = await standingIndexes(db);
  const isOther = ({ name, key }: (typeof indexes)[number]) =>
    keys.has(name) && keys.get(name) !== JSON.stringify(key);
  return {
    version,
    lacking,
    missingIndexes: indexes.filter(({ name }) => !keys.has(name)).map(({ name }) => name),
    otherIndexes: indexes.filter(isOther).map(({ name }) => name),
  };
}

const Version = z.object({ version: z.string() });

const NAMESPACE_NOT_FOUND = 26;

/** The keys of each index, in their order, by its name. */
async function standingIndexes(db: Db): Promise<ReadonlyMap<string | undefined, string>> {
  try {
    const standing = await db.collection(COLLECTION).indexes();
    return new Map(
      standing.map(({ name, key, weights }) => [name, JSON.stringify(declaredKey(key, weights))]),
    );
  } catch (error) {
    if (error instanceof MongoServerError && error.code === NAMESPACE_NOT_FOUND) return new Map();
    throw error;
  }
}

/** The server lists a text index with members of its own in place of the fields. */
function declaredKey(key: object, weights: object | undefined): object {
  if (weights === undefined) return key;
  const plain = Object.entries(key).filter(([name]) => !name.startsWith("_fts"));
  const texts = Object.keys(weights).map((field) => [field, "text"] as const);
  return Object.fromEntries([...plain, ...texts]);
}

const NEEDED = ["find", "insert", "update", "createIndex", "listIndexes"];

const Status = z.object({
  authInfo: z.object({
    authenticatedUsers: z.array(z.unknown()),
    authenticatedUserPrivileges: z.array(
      z.object({
        resource: z.object({
          db: z.string().optional(),
          collection: z.string().optional(),
          anyResource: z.boolean().optional(),
        }),
        actions: z.array(z.string()),
      }),
    ),
  }),
});

/** A server that knows no users lets everybody do everything. */
async function lackingPrivileges(db: Db): Promise<readonly string[]> {
  const status = Status.parse(await db.command({ connectionStatus: 1, showPrivileges: true }));
  const { authenticatedUsers, authenticatedUserPrivileges: privileges } = status.authInfo;
  if (authenticatedUsers.length === 0) return [];
  const here = privileges.filter(({ resource: { anyResource, db: of, collection } }) => {
    if (anyResource === true) return true;
    return (of === "" || of === db.databaseName) && (collection === "" || collection === COLLECTION);
  });
  const granted = new Set(here.flatMap(({ actions }) => actions));
  return NEEDED.filter((action) => !granted.has(action));
}
