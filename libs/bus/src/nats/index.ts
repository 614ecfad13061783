import { withTimeout } from "@loopgate/async";
import { streams } from "@loopgate/contracts";
import type { NatsConnection } from "@nats-io/transport-node";
import type { EventLog, Subscription } from "../event-log.ts";
import type { KeyValue } from "../key-value.ts";
import type { RequestQueries } from "../request-queries.ts";
import type { Timers } from "../timers.ts";
import { type NatsBusOptions, natsDefaults } from "./connection/bus-options.ts";
import { clientOf, connectTo, type NatsClient } from "./connection/connect.ts";
import { checkPermissions, publishedBy } from "./connection/permissions.ts";
import { retryUnknownOutcome, type RetryPolicy } from "./connection/retry.ts";
import { NatsEventLog } from "./event-log.ts";
import { NatsKeyValue } from "./key-value.ts";
import { remoteRoomMaker, ReserveKeeper } from "./log/reserve.ts";
import { NatsRequestQueries, serveQueries } from "./request-queries.ts";
import { payloadWarning } from "./streams/payload-warning.ts";
import { provision } from "./streams/provision.ts";
import { NatsTimers } from "./timers.ts";

export { bootstrapNats } from "./streams/provision.ts";
export { inspectNats, type ConsumerState, type NatsInspection } from "./streams/inspect.ts";
export type { NatsAccess, NatsBusOptions, NatsPermissions, NatsStorage } from "./connection/bus-options.ts";

const DRAIN_TIMEOUT_MS = 5_000;

/** All ports of the bus over NATS JetStream. */
export interface NatsBus extends AsyncDisposable {
  readonly log: EventLog;
  readonly timers: Timers;
  readonly keyValue: KeyValue;
  /** Asks the `state` service. */
  readonly queries: RequestQueries;
  /** Answers queries, sharing them with the other processes that serve. */
  serve(queries: RequestQueries, onFailure: (error: unknown) => void): Promise<Subscription>;
  /** @throws Unavailable, with a message for an operator, while the server, a consumer or a permission fails. */
  check(): Promise<void>;
  /** @throws LogFull, with a message for an operator, while questions are rejected for want of room. */
  checkRoom(): Promise<void>;
}

/**
 * Connects, creates missing streams and buckets, and verifies that this version can work with the existing ones.
 * Disposal stops the intake of running consumers, waits up to `stopWithinMs` for their handlers (what is unfinished by
 * then is delivered again), flushes outgoing messages, and disconnects.
 * @throws Unavailable if no server answers; PermissionDenied if this user lacks a permission; LoginRefused if the server
 * refuses the credentials; NatsStartupError if the server does not meet the needs of this version.
 */
export async function connectNatsBus(options: NatsBusOptions): Promise<NatsBus> {
  const all = { ...natsDefaults, ...options };
  const { backOffMs, ackWaitMs, stalledAfterMs, stopWithinMs, observer } = all;
  const retry = { giveUpAfterMs: all.giveUpAfterMs, stopping: all.stopping };
  const client = await openClient(all, retry);
  const { connection, watch, jsm } = client;
  const timings = { backOffMs, ackWaitMs, stalledAfterMs };
  const { use } = all;
  const smallPayload = payloadWarning(connection.info?.max_payload);
  if (smallPayload !== undefined) observer?.warned(smallPayload);
  const keeper = use?.setsTimers === true ? new ReserveKeeper(client) : undefined;
  const room = keeper ?? (use?.asksQueries === true ? remoteRoomMaker(connection) : undefined);
  const log = new NatsEventLog({ client, retry, timings, observer, room });
  return {
    log,
    timers: new NatsTimers(client, retry, room),
    keyValue: new NatsKeyValue(client, retry, room),
    queries: new NatsRequestQueries(connection),
    serve: (queries, onFailure) => serveQueries(connection, queries, onFailure),
    check: async () => {
      watch.check();
      log.check();
      await retryUnknownOutcome({ giveUpAfterMs: 0 }, () => jsm.streams.info(streams.requests.name));
    },
    checkRoom: () => log.checkRoom(),
    [Symbol.asyncDispose]: async () => {
      await withTimeout(Promise.resolve(keeper?.[Symbol.asyncDispose]()), stopWithinMs, () => undefined);
      await withTimeout(log.stop(), stopWithinMs, () => undefined);
      await disconnect(connection);
    },
  };
}

async function openClient(options: NatsBusOptions, retry: RetryPolicy): Promise<NatsClient> {
  const connection = await connectTo(options);
  try {
    const client = await clientOf(connection, options, options);
    await retryUnknownOutcome(retry, () => provision(connection, options));
    const { use } = options;
    if (use !== undefined) {
      await retryUnknownOutcome(retry, () => checkPermissions(client, publishedBy(use, client.apiPrefix)));
    }
    return client;
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** Draining waits for the server, which may never come back: hence the time limit. */
async function disconnect(connection: NatsConnection): Promise<void> {
  if (connection.isClosed()) return;
  await withTimeout(connection.drain(), DRAIN_TIMEOUT_MS, () => undefined).catch(() => undefined);
  await connection.close();
}
