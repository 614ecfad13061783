import { streams } from "@loopgate/contracts";
import type { ConsumerInfo, JetStreamManager } from "@nats-io/jetstream";
import { Unavailable } from "../../event-log.ts";
import { connectTo } from "../connection/connect.ts";
import { refusalOf, retryUnknownOutcome } from "../connection/failures.ts";
import type { NatsAccess, NatsStorage } from "../connection/nats-options.ts";
import { configOf, managerOf } from "./provision.ts";
import { streamDifference } from "./stream-difference.ts";
import { wantedStreams } from "./wanted-streams.ts";

/** The broker as one user sees it. */
export interface NatsInspection {
  /** The server's version. */
  readonly version: string;
  /** Streams, also those of buckets, that are not there: services create them where their user may. */
  readonly missing: readonly string[];
  /** What this version can't live with, and the way out: a sentence each. */
  readonly differences: readonly string[];
  /** How many dead letters are kept. */
  readonly deadLetters: number;
  /** What consumers have to do; absent if this user may not see it. */
  readonly consumers?: readonly ConsumerState[];
}

/** A durable consumer at this moment. */
export interface ConsumerState {
  readonly name: string;
  /** What it has still to do. */
  readonly entries: number;
  /** False if nobody asks for its entries: the service is not running. */
  readonly isRead: boolean;
}

/** Services' users may read the inbox of their service alone. */
type Inboxes = readonly [string, ...string[]];

const GIVE_UP_AFTER_MS = 1_000;

/**
 * Looks at the broker with somebody's user, and changes nothing there. Answers come to the inbox of the first of `names`
 * that this user may read.
 * @throws Unavailable when no server answers or a permission is missing; NatsStartupError when the login, TLS or the server's
 * version will not do.
 */
export async function inspectNats(
  access: Omit<NatsAccess, "name"> & NatsStorage,
  names: Inboxes,
): Promise<NatsInspection> {
  const [name, ...others] = names;
  const connection = await connectTo({ ...access, name });
  try {
    return await retryUnknownOutcome({ giveUpAfterMs: GIVE_UP_AFTER_MS }, async () =>
      look(await managerOf(connection), access, connection.info?.version ?? "unknown"),
    );
  } catch (error) {
    const [next, ...rest] = others;
    if (next === undefined || !isInboxRefused(error, name)) throw error;
    return await inspectNats(access, [next, ...rest]);
  } finally {
    await connection.close();
  }
}

function isInboxRefused(error: unknown, name: string): boolean {
  const refusal = error instanceof Unavailable ? refusalOf(error.cause) : undefined;
  return refusal?.operation === "subscription" && refusal.subject.startsWith(`_INBOX_${name}.`);
}

async function look(jsm: JetStreamManager, storage: NatsStorage, version: string): Promise<NatsInspection> {
  const standing = await Promise.all(
    wantedStreams(storage).map(async (wanted) => ({ wanted, found: await configOf(jsm, wanted.name) })),
  );
  const missing = standing.flatMap(({ wanted, found }) => (found === undefined ? [wanted.name] : []));
  const differences = standing.flatMap(({ wanted, found }) => {
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
    version,
    missing,
    differences,
    deadLetters: has(deadLetters) ? (await jsm.streams.info(deadLetters.name)).state.messages : 0,
    ...(consumers === undefined ? {} : { consumers }),
  };
}

/** To list consumers needs a permission that no service needs. */
async function consumersOf(
  jsm: JetStreamManager,
  names: readonly string[],
): Promise<readonly ConsumerState[] | undefined> {
  try {
    const lists = await Promise.all(names.map((name) => Array.fromAsync(jsm.consumers.list(name))));
    return lists.flat().map(stateOf);
  } catch (error) {
    if (refusalOf(error) === undefined) throw error;
    return undefined;
  }
}

const stateOf = ({ name, num_pending, num_ack_pending, num_waiting }: ConsumerInfo): ConsumerState => ({
  name,
  entries: num_pending + num_ack_pending,
  isRead: num_waiting + num_ack_pending > 0,
});
