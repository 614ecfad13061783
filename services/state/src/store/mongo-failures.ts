import { LoginRefused, StartupError, Unavailable } from "@loopgate/bus";
import {
  BSON,
  MongoBulkWriteError,
  MongoError,
  MongoErrorLabel,
  MongoInvalidArgumentError,
  MongoServerError,
  MongoServerSelectionError,
} from "mongodb";

/** Wrong user or password, as servers and as Atlas say it. */
const AUTHENTICATION_FAILED = [18, 8000];
const UNAUTHORIZED = [13];

/** What a server says while it fails over, shuts down, or is at its limits: the same again later may well succeed. */
const TRANSIENT = [
  6, 7, 50, 64, 79, 89, 91, 100, 112, 134, 189, 262, 9001, 10107, 11000, 11600, 11602, 13435, 13436,
];

/**
 * What became of a call of the driver, for a caller that may come again. What is wrong with a document itself stays as
 * it is: no repetition mends it. Everything else, a refusal of the server included, is `Unavailable`: nothing is lost
 * by waiting. The driver lets plain errors of sockets through, too.
 */
export function translated(cause: unknown): unknown {
  if (cause instanceof Unavailable || isDocumentAtFault(cause)) return cause;
  if (cause instanceof StartupError) return new Unavailable(cause.message, { cause });
  const isRefused = cause instanceof MongoServerError && isRefusal(cause);
  return new Unavailable(isRefused ? `MongoDB refuses: ${nameOf(cause)}` : "MongoDB does not answer", {
    cause,
  });
}

/** Why a service must not start with this database; undefined if the database is merely away. */
export function refusalOf(error: unknown): StartupError | undefined {
  if (error instanceof StartupError) return error;
  if (isMissingFile(error)) {
    return new StartupError(
      "a file that MONGODB_URI names can't be read: check the paths of tlsCAFile and tlsCertificateKeyFile, and their permissions",
    );
  }
  if (!(error instanceof MongoError)) return undefined;
  if (hasCode(error, AUTHENTICATION_FAILED)) {
    return new LoginRefused(
      "MongoDB refuses the user of MONGODB_URI: check the user's name, the password and authSource",
    );
  }
  if (hasCode(error, UNAUTHORIZED)) {
    return new StartupError(
      "MongoDB does not let the user of MONGODB_URI work: grant the role readWrite on the database that MONGODB_URI names",
    );
  }
  if (error instanceof MongoServerSelectionError && error.reason?.servers.size === 0) return notAReplicaSet();
  const isRefused = error instanceof MongoServerError && isRefusal(error);
  return isRefused ? new StartupError(`MongoDB refuses to be set up: ${nameOf(error)}`) : undefined;
}

/** True if the user may not do what was tried, for example because the user was dropped. */
export const isUnauthorized = (error: unknown): boolean =>
  error instanceof MongoError && hasCode(error, UNAUTHORIZED);

/** The driver reads the files of a connection string when it connects. */
const isMissingFile = (error: unknown): boolean =>
  error instanceof Error && "syscall" in error && ["open", "read"].includes(String(error.syscall));

/** Majority writes, which survive a failover, need a replica set. */
export const notAReplicaSet = (): StartupError =>
  new StartupError(
    "MongoDB is no replica set, or not the one that MONGODB_URI names: start mongod with --replSet, run rs.initiate() once (one member is enough), and check replicaSet in MONGODB_URI",
  );

function isDocumentAtFault(error: unknown): boolean {
  if (error instanceof MongoBulkWriteError) {
    return [error.writeErrors].flat().some(({ code }) => !TRANSIENT.includes(code));
  }
  const cannotBeSent = [MongoInvalidArgumentError, BSON.BSONError, RangeError, TypeError];
  return cannotBeSent.some((type) => error instanceof type);
}

/** The server answered, and a repetition alone will not change its mind. */
const isRefusal = (error: MongoServerError): boolean =>
  !error.hasErrorLabel(MongoErrorLabel.RetryableWriteError) && !hasCode(error, TRANSIENT);

const hasCode = ({ code }: MongoError, codes: readonly number[]): boolean =>
  codes.some((known) => known === code);

/** Never the message: it may repeat what was written. */
const nameOf = ({ code, codeName }: MongoServerError): string => `${codeName ?? "error"} (${code})`;
