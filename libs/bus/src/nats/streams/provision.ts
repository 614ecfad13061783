import { isDeepStrictEqual } from "node:util";
import {
  jetstreamManager,
  JetStreamApiError,
  type JetStreamManager,
  type StreamConfig,
} from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { apiCodeOf, apiCodes, isOutcomeUnknown, refusalOf } from "../connection/failures.ts";
import { CALL_TIMEOUT_MS, type NatsStorage } from "../connection/nats-options.ts";
import { NatsStartupError } from "../connection/nats-unfit.ts";
import { streamDifference } from "./stream-difference.ts";
import { type WantedStream, wantedStreams } from "./wanted-streams.ts";

const OLDEST_SERVER = [2, 12] as const;

/**
 * Creates what is missing and changes nothing that stands, so that any number of services may start on an empty server
 * at once (decision 0006). A difference that this version can live with stays.
 * @throws NatsStartupError that names the server's version, or the stream and the setting, and the way out.
 */
export async function provision(connection: NatsConnection, storage: NatsStorage): Promise<void> {
  const jsm = await managerOf(connection);
  for (const wanted of wantedStreams(storage)) {
    const found = (await configOf(jsm, wanted.name)) ?? (await create(jsm, wanted));
    const difference = streamDifference(found, wanted);
    if (difference !== undefined) throw new NatsStartupError(difference);
  }
}

/** Creates what is missing and gives what stands the settings of `storage`; the operator's other settings stay. */
export async function configure(connection: NatsConnection, storage: NatsStorage): Promise<void> {
  const jsm = await managerOf(connection);
  for (const wanted of wantedStreams(storage)) {
    const found = (await configOf(jsm, wanted.name)) ?? (await create(jsm, wanted));
    if (Object.entries(wanted).every(([key, value]) => isDeepStrictEqual(Reflect.get(found, key), value)))
      continue;
    await orRefuse(`stream ${wanted.name} can't be changed to the settings given`, () =>
      jsm.streams.update(wanted.name, wanted),
    );
  }
}

/** @throws NatsStartupError for a server without what this version needs. */
export async function managerOf(connection: NatsConnection): Promise<JetStreamManager> {
  const version = connection.info?.version ?? "";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < OLDEST_SERVER[0] || (major === OLDEST_SERVER[0] && minor < OLDEST_SERVER[1])) {
    throw new NatsStartupError(
      `the NATS server is ${version}, and timers need ${OLDEST_SERVER.join(".")} or newer: upgrade the server`,
    );
  }
  return jetstreamManager(connection, { checkAPI: false, timeout: CALL_TIMEOUT_MS });
}

/** Undefined if there is no such stream. */
export async function configOf(jsm: JetStreamManager, stream: string): Promise<StreamConfig | undefined> {
  try {
    return (await jsm.streams.info(stream)).config;
  } catch (error) {
    if (apiCodeOf(error) !== apiCodes.streamMissing) throw error;
    return undefined;
  }
}

/** What stands then: the same created by another process at this moment is no failure. */
async function create(jsm: JetStreamManager, wanted: WantedStream): Promise<StreamConfig> {
  return orRefuse(`stream ${wanted.name} is missing, and can't be created`, async () => {
    try {
      return (await jsm.streams.add(wanted)).config;
    } catch (error) {
      const standing = apiCodeOf(error) === apiCodes.streamExists && (await configOf(jsm, wanted.name));
      if (!standing) throw error;
      return standing;
    }
  });
}

/** What the server refuses for good is a sentence for the operator. */
async function orRefuse<Result>(what: string, call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal !== undefined) {
      const why = `without the permission to publish to ${refusal.subject}`;
      throw new NatsStartupError(`${what} ${why}: run the bootstrap with a user that has it`, {
        cause: error,
      });
    }
    if (!(error instanceof JetStreamApiError) || isOutcomeUnknown(error)) throw error;
    throw new NatsStartupError(`${what} (${error.message}): see the limits and settings of the NATS server`, {
      cause: error,
    });
  }
}
