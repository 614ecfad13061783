import { streams } from "@loopgate/contracts";
import type { ConsumerInfo, JetStreamManager } from "@nats-io/jetstream";
import { NEARLY_FULL, NO_ROOM } from "../../capacity.ts";
import type { NatsConnection } from "@nats-io/transport-node";
import { Unavailable } from "../../event-log.ts";
import type { NatsAccess, NatsStorage } from "../connection/bus-options.ts";
import { connectTo } from "../connection/connect.ts";
import { permissionViolationOf } from "../connection/errors.ts";
import { retryUnknownOutcome } from "../connection/retry.ts";
import { readRoom } from "../log/capacity.ts";
import { configOf, managerOf } from "./provision.ts";
import { payloadWarning } from "./payload-warning.ts";
import { streamDifference } from "./stream-difference.ts";
import { wantedStreams } from "./wanted-streams.ts";

/** The state of the server as one user sees it. */
export interface NatsInspection {
  /** The server's version. */
  readonly version: string;
  /** Missing streams, including those of buckets. Services create them if their user has the permission. */
  readonly missing: readonly string[];
  /** Differences with which this version can't work, each as a message with the next step. */
  readonly differences: readonly string[];
  /** Why questions are rejected, each as a message with the next step. */
  readonly full: readonly string[];
  /** What works with limits, each as a message with the next step. */
  readonly warnings: readonly string[];
  /** The number of stored dead letters. */
  readonly deadLetters: number;
  /** The durable consumers; absent if this user may not list them. */
  readonly consumers?: readonly ConsumerState[];
}

/** The current state of a durable consumer. */
export interface ConsumerState {
  readonly name: string;
  /** How many entries it still has to handle. */
  readonly entries: number;
  /** False if no process pulls its entries: the service is not running. */
  readonly isRead: boolean;
}

/** Names of services to try: a service's user may read the inbox of its own service only. */
type Inboxes = readonly [string, ...string[]];

const GIVE_UP_AFTER_MS = 1_000;

/**
 * Inspects the server with a given user and changes nothing. Replies go to the inbox of the first of `names` that this
 * user may read.
 * @throws Unavailable if no server answers or a permission is missing; NatsStartupError if the login, TLS or the
 * server's version prevents a start.
 */
export async function inspectNats(
  access: Omit<NatsAccess, "name"> & NatsStorage,
  names: Inboxes,
): Promise<NatsInspection> {
  const [name, ...others] = names;
  const connection = await connectTo({ ...access, name });
  try {
    return await retryUnknownOutcome({ giveUpAfterMs: GIVE_UP_AFTER_MS }, async () =>
      inspect(await managerOf(connection, access), access, connection.info),
    );
  } catch (error) {
    const [next, ...rest] = others;
    if (next === undefined || !isInboxDenied(error, name)) throw error;
    return await inspectNats(access, [next, ...rest]);
  } finally {
    await connection.close();
  }
}

function isInboxDenied(error: unknown, name: string): boolean {
  const violation = error instanceof Unavailable ? permissionViolationOf(error.cause) : undefined;
  return violation?.operation === "subscription" && violation.subject.startsWith(`_INBOX_${name}.`);
}

async function inspect(
  jsm: JetStreamManager,
  storage: NatsStorage,
  info: NatsConnection["info"],
): Promise<NatsInspection> {
  const compared = await Promise.all(
    wantedStreams(storage).map(async (wanted) => ({ wanted, found: await configOf(jsm, wanted.name) })),
  );
  const missing = compared.flatMap(({ wanted, found }) => (found === undefined ? [wanted.name] : []));
  const differences = compared.flatMap(({ wanted, found }) => {
    const difference = found && streamDifference(found, wanted);
    return difference === undefined ? [] : [difference];
  });
  const has = ({ name }: { readonly name: string }) => !missing.includes(name);
  const read = [streams.requests, streams.timers, streams.channel].filter(has);
  const consumers = await consumersOf(
    jsm,
    read.map(({ name }) => name),
  );
  const { deadLetters } = streams;
  return {
    version: info?.version ?? "unknown",
    missing,
    differences,
    full: await wantsOfRoom(jsm, has(streams.requests) && has(streams.timers)),
    warnings: [payloadWarning(info?.max_payload)].filter((warning) => warning !== undefined),
    deadLetters: has(deadLetters) ? (await jsm.streams.info(deadLetters.name)).state.messages : 0,
    ...(consumers === undefined ? {} : { consumers }),
  };
}

/** The share of an account's storage from which it counts as full. */
const ACCOUNT_FULL_FROM = 0.95;

/** @param hasStreams false: a stream that it would ask is missing */
async function wantsOfRoom(jsm: JetStreamManager, hasStreams: boolean): Promise<readonly string[]> {
  const room = hasStreams ? await readRoom(jsm) : undefined;
  const { storage = 0, limits } = (await accountOf(jsm)) ?? {};
  const isAccountFull =
    limits !== undefined && limits.max_storage > 0 && storage >= limits.max_storage * ACCOUNT_FULL_FROM;
  return [
    ...(room?.hasReserve === false || isAccountFull ? [NO_ROOM] : []),
    ...(room?.isNearlyFull === true ? [NEARLY_FULL] : []),
  ];
}

/** Undefined without the permission to read it, which no service needs. */
async function accountOf(jsm: JetStreamManager) {
  try {
    return await jsm.getAccountInfo();
  } catch (error) {
    if (permissionViolationOf(error) === undefined) throw error;
    return undefined;
  }
}

/** Undefined without the permission to list consumers, which no service needs. */
async function consumersOf(
  jsm: JetStreamManager,
  names: readonly string[],
): Promise<readonly ConsumerState[] | undefined> {
  try {
    const lists = await Promise.all(names.map((name) => Array.fromAsync(jsm.consumers.list(name))));
    return lists.flat().map(stateOf);
  } catch (error) {
    if (permissionViolationOf(error) === undefined) throw error;
    return undefined;
  }
}

const stateOf = ({ name, num_pending, num_ack_pending, num_waiting }: ConsumerInfo): ConsumerState => ({
  name,
  entries: num_pending + num_ack_pending,
  isRead: num_waiting + num_ack_pending > 0,
});
