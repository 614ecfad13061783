import { isDeepStrictEqual } from "node:util";
import {
  jetstreamManager,
  JetStreamApiError,
  type JetStreamManager,
  type StreamConfig,
} from "@nats-io/jetstream";
import { ConnectionError, type NatsConnection } from "@nats-io/transport-node";
import { NatsStartupError } from "../../startup-error.ts";
import {
  jetStreamOptions,
  type NatsAccess,
  type NatsBusOptions,
  natsDefaults,
  type NatsStorage,
} from "../connection/bus-options.ts";
import { connectTo } from "../connection/connect.ts";
import { apiCodeOf, apiCodes, isOutcomeUnknown, permissionViolationOf } from "../connection/errors.ts";
import { retryUnknownOutcome } from "../connection/retry.ts";
import { streamDifference } from "./stream-difference.ts";
import { type WantedStream, wantedStreams } from "./wanted-streams.ts";

/** What is stored, and in which domain. */
type Stored = NatsStorage & Pick<NatsAccess, "domain">;

const OLDEST_SERVER = [2, 12] as const;

/**
 * Creates the streams and buckets, and gives existing ones these settings. Running it again changes nothing. No other
 * code changes an existing stream.
 * @throws Unavailable if no server answers; NatsStartupError if an existing stream can't be given a setting.
 */
export async function bootstrapNats(options: NatsBusOptions): Promise<void> {
  const connection = await connectTo(options);
  const { giveUpAfterMs } = { ...natsDefaults, ...options };
  try {
    await retryUnknownOutcome({ giveUpAfterMs }, () => configure(connection, options));
    await retryUnknownOutcome({ giveUpAfterMs }, () => provision(connection, options));
  } finally {
    await connection.close();
  }
}

/**
 * Creates what is missing and leaves existing streams unchanged, so that any number of services may start at once on an
 * empty server (decision 0006). Differences with which this version can work are accepted.
 * @throws NatsStartupError that names the server's version, or the stream and its setting, and the next step.
 */
export async function provision(connection: NatsConnection, storage: Stored): Promise<void> {
  const jsm = await managerOf(connection, storage);
  for (const wanted of wantedStreams(storage)) {
    const found = (await configOf(jsm, wanted.name)) ?? (await create(jsm, wanted));
    const difference = streamDifference(found, wanted);
    if (difference !== undefined) throw new NatsStartupError(difference);
  }
}

/** Creates what is missing and updates existing streams to `storage`. Other settings of the operator stay. */
async function configure(connection: NatsConnection, storage: Stored): Promise<void> {
  const jsm = await managerOf(connection, storage);
  for (const wanted of wantedStreams(storage)) {
    const found = (await configOf(jsm, wanted.name)) ?? (await create(jsm, wanted));
    if (Object.entries(wanted).every(([key, value]) => isDeepStrictEqual(Reflect.get(found, key), value))) {
      continue;
    }
    await orStartupError(`stream ${wanted.name} can't be changed to the settings given`, () =>
      jsm.streams.update(wanted.name, wanted),
    );
  }
}

/** @throws NatsStartupError if the server is too old; ConnectionError while there is no connection. */
export async function managerOf(
  connection: NatsConnection,
  access: Pick<NatsAccess, "domain">,
): Promise<JetStreamManager> {
  const { info } = connection;
  if (info === undefined) throw new ConnectionError("disconnected");
  const { version } = info;
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < OLDEST_SERVER[0] || (major === OLDEST_SERVER[0] && minor < OLDEST_SERVER[1])) {
    throw new NatsStartupError(
      `the NATS server is ${version}, and timers need ${OLDEST_SERVER.join(".")} or newer: upgrade the server`,
    );
  }
  return jetstreamManager(connection, { ...jetStreamOptions(access), checkAPI: false });
}

/** Undefined if the stream does not exist. */
export async function configOf(jsm: JetStreamManager, stream: string): Promise<StreamConfig | undefined> {
  try {
    return (await jsm.streams.info(stream)).config;
  } catch (error) {
    if (apiCodeOf(error) !== apiCodes.streamMissing) throw error;
    return undefined;
  }
}

/** The stream's configuration. Another process may have created it at the same moment: that is not a failure. */
async function create(jsm: JetStreamManager, wanted: WantedStream): Promise<StreamConfig> {
  return orStartupError(`stream ${wanted.name} is missing, and can't be created`, async () => {
    try {
      return (await jsm.streams.add(wanted)).config;
    } catch (error) {
      const existing = apiCodeOf(error) === apiCodes.streamExists && (await configOf(jsm, wanted.name));
      if (!existing) throw error;
      return existing;
    }
  });
}

/** Turns what no retry can help into a message for the operator. */
async function orStartupError<Result>(what: string, call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    const violation = permissionViolationOf(error);
    if (violation !== undefined) {
      const why = `without the permission to publish to ${violation.subject}`;
      throw new NatsStartupError(`${what} ${why}: run the bootstrap with a user that has it`, {
        cause: error,
      });
    }
    // A full server may have room again later; what a stream wants of it at least is the operator's to change.
    const isPassing = isOutcomeUnknown(error) || apiCodeOf(error) === apiCodes.serverFull;
    if (!(error instanceof JetStreamApiError) || isPassing) throw error;
    throw new NatsStartupError(
      `${what} (${error.message}): check the limits and settings of the NATS server`,
      {
        cause: error,
      },
    );
  }
}
