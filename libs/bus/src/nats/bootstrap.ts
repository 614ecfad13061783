import { isDeepStrictEqual } from "node:util";
import { jetstreamManager, type JetStreamManager } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import { nanos, type NatsConnection } from "@nats-io/transport-node";
import type { BucketName } from "../key-value.ts";
import { connectTo } from "./connect.ts";
import { apiCodeOf, apiCodes, untilKnown } from "./nats-failures.ts";
import { CALL_TIMEOUT_MS, type NatsBusOptions, natsDefaults, type NatsStorage } from "./nats-options.ts";
import { bucketName, type WantedStream, wantedStreams } from "./wanted-streams.ts";

/** The server's own default; a stream's window can't be longer than its entries live. */
const LONGEST_WINDOW_MS = 120_000;

const OLDEST_SERVER = [2, 12] as const;
const bucketNames: readonly BucketName[] = ["sessions", "copies", "leases", "channels"];

/** The server is not as this version needs it; the message names what differs and the way out. */
export class NatsUnfit extends Error {
  override readonly name = "NatsUnfit";
}

/**
 * Creates or updates the streams and buckets; to run it again changes nothing. The only place that configures NATS.
 * @throws Unavailable when no server answers; NatsUnfit when a setting can't be changed any more.
 */
export async function bootstrapNats(options: NatsBusOptions): Promise<void> {
  const connection = await connectTo(options);
  const { giveUpAfterMs } = { ...natsDefaults, ...options };
  try {
    await untilKnown(giveUpAfterMs, () => configure(connection, options));
    await untilKnown(giveUpAfterMs, () => verifyNats(connection, options));
  } finally {
    await connection.close();
  }
}

async function configure(connection: NatsConnection, options: NatsBusOptions): Promise<void> {
  const jsm = await managerOf(connection);
  for (const wanted of wantedStreams(options)) await createOrUpdate(jsm, wanted);
  const buckets = new Kvm(connection);
  for (const name of bucketNames) {
    const ttl = options.lifetimes[name] ?? 0;
    await buckets.create(bucketName(name), { ttl, allow_direct: false, replicas: options.replicas ?? 1 });
    // A bucket that stands keeps its old lifetime when it is created again.
    await jsm.streams.update(`KV_${bucketName(name)}`, {
      max_age: nanos(ttl),
      duplicate_window: nanos(ttl === 0 ? LONGEST_WINDOW_MS : Math.min(ttl, LONGEST_WINDOW_MS)),
      allow_direct: false,
    });
  }
}

/**
 * Compares what stands on the server with what this version needs.
 * @throws NatsUnfit that names the stream and the setting.
 */
export async function verifyNats(connection: NatsConnection, options: NatsStorage): Promise<void> {
  const jsm = await managerOf(connection);
  for (const wanted of wantedStreams(options)) {
    const config = await configOf(jsm, wanted.name);
    for (const [key, value] of Object.entries(wanted)) {
      if (isDeepStrictEqual(Reflect.get(config, key), value)) continue;
      throw new NatsUnfit(
        `stream ${wanted.name}: ${key} differs from what is configured here: run the bootstrap, or use its settings`,
      );
    }
  }
  for (const name of bucketNames) {
    const bucket = `KV_${bucketName(name)}`;
    const { max_age, allow_direct } = await configOf(jsm, bucket);
    const wrong =
      max_age !== nanos(options.lifetimes[name] ?? 0) ? "max_age" : allow_direct && "allow_direct";
    if (wrong) {
      throw new NatsUnfit(
        `stream ${bucket}: ${wrong} differs from what is configured here: run the bootstrap, or use its settings`,
      );
    }
  }
}

async function managerOf(connection: NatsConnection): Promise<JetStreamManager> {
  const [major = 0, minor = 0] = (connection.info?.version ?? "").split(".").map(Number);
  if (major < OLDEST_SERVER[0] || (major === OLDEST_SERVER[0] && minor < OLDEST_SERVER[1])) {
    throw new NatsUnfit(
      `the NATS server is ${connection.info?.version}: timers need ${OLDEST_SERVER.join(".")} or newer`,
    );
  }
  return jetstreamManager(connection, { checkAPI: false, timeout: CALL_TIMEOUT_MS });
}

async function createOrUpdate(jsm: JetStreamManager, wanted: WantedStream): Promise<void> {
  try {
    await jsm.streams.add(wanted);
  } catch (error) {
    if (apiCodeOf(error) !== apiCodes.streamExists) throw error;
    await jsm.streams.update(wanted.name, wanted);
  }
}

async function configOf(jsm: JetStreamManager, stream: string) {
  try {
    return (await jsm.streams.info(stream)).config;
  } catch (error) {
    if (apiCodeOf(error) !== apiCodes.streamMissing) throw error;
    throw new NatsUnfit(`stream ${stream} is missing: run the bootstrap`);
  }
}
