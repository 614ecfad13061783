import { streams } from "@loopgate/contracts";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import type { EventLog, Subscription } from "../event-log.ts";
import type { KeyValue } from "../key-value.ts";
import type { RequestQueries } from "../request-queries.ts";
import type { Timers } from "../timers.ts";
import { checkPermissions } from "./connection/check-permissions.ts";
import { connectTo } from "./connection/connect.ts";
import { ConnectionWatch } from "./connection/connection-watch.ts";
import { NatsEventLog } from "./log/nats-event-log.ts";
import { retryUnknownOutcome } from "./connection/failures.ts";
import { NatsKeyValue } from "./nats-key-value.ts";
import { CALL_TIMEOUT_MS, type NatsBusOptions, natsDefaults } from "./connection/nats-options.ts";
import { NatsRequestQueries } from "./nats-request-queries.ts";
import { NatsTimers } from "./nats-timers.ts";
import { provision } from "./streams/provision.ts";
import { publishedBy } from "./connection/published-by.ts";
import { serveQueries } from "./serve-queries.ts";
import { withTimeout } from "@loopgate/async";

export { bootstrapNats } from "./streams/bootstrap.ts";
export { inspectNats, type ConsumerState, type NatsInspection } from "./streams/inspect-nats.ts";
export type { NatsAccess, NatsBusOptions, NatsStorage, NatsPermissions } from "./connection/nats-options.ts";

const DRAIN_TIMEOUT_MS = 5_000;

/** All ports of the bus over NATS JetStream. */
export interface NatsBus extends AsyncDisposable {
  readonly log: EventLog;
  readonly timers: Timers;
  readonly keyValue: KeyValue;
  /** What the `state` services answer. */
  readonly queries: RequestQueries;
  /** Answers queries for everybody, beside others that do. */
  serve(queries: RequestQueries, onFailure: (error: unknown) => void): Promise<Subscription>;
  /** @throws Unavailable that says what is wrong with the broker or a consumer, or not permitted, as long as that lasts. */
  check(): Promise<void>;
}

/**
 * Connects, creates the streams and buckets that are missing, and verifies that this version can live with those that
 * stand. Disposing stops the intake of consumers
 * that still run, waits for their handlers (`stopWithinMs` at most: what is not done by then is delivered again), sends
 * out what is on its way, and disconnects.
 * @throws Unavailable when no server answers; NatsStartupError when it is not as this version needs it.
 */
export async function connectNatsBus(options: NatsBusOptions): Promise<NatsBus> {
  const all = { ...natsDefaults, ...options };
  const connection = await connectTo(all);
  const watch = new ConnectionWatch(connection);
  try {
    await retryUnknownOutcome(all, () => provision(connection, all));
    if (all.use !== undefined) await checkPermissions({ connection, watch }, publishedBy(all.use));
  } catch (error) {
    await connection.close();
    throw error;
  }
  const js = jetstream(connection, { timeout: CALL_TIMEOUT_MS });
  const jsm = await jetstreamManager(connection, { checkAPI: false, timeout: CALL_TIMEOUT_MS });
  const parts = { ...all, connection, watch, js, jsm };
  const log = new NatsEventLog(parts);
  return {
    log,
    timers: new NatsTimers(parts),
    keyValue: new NatsKeyValue(parts),
    queries: new NatsRequestQueries(connection),
    serve: (queries, onFailure) => serveQueries(connection, queries, onFailure),
    check: async () => {
      watch.check();
      log.check();
      await retryUnknownOutcome({ giveUpAfterMs: 0 }, () => jsm.streams.info(streams.requests.name));
    },
    [Symbol.asyncDispose]: async () => {
      await withTimeout(log.stop(), all.stopWithinMs, () => undefined);
      await disconnect(connection);
    },
  };
}

/** Draining waits for the server, which may be away for good. */
async function disconnect(connection: NatsConnection): Promise<void> {
  if (connection.isClosed()) return;
  await withTimeout(connection.drain(), DRAIN_TIMEOUT_MS, () => undefined).catch(() => undefined);
  await connection.close();
}
