import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import type { EventLog } from "../event-log.ts";
import type { KeyValue } from "../key-value.ts";
import type { Timers } from "../timers.ts";
import { verifyNats } from "./bootstrap.ts";
import { connectTo } from "./connect.ts";
import { NatsEventLog } from "./nats-event-log.ts";
import { NatsKeyValue } from "./nats-key-value.ts";
import { type NatsBusOptions, natsDefaults } from "./nats-options.ts";
import { NatsTimers } from "./nats-timers.ts";

export { bootstrapNats, NatsUnfit } from "./bootstrap.ts";
export type { NatsBusOptions, NatsStorage } from "./nats-options.ts";

/** All ports of the bus over NATS JetStream. */
export interface NatsBus extends AsyncDisposable {
  readonly log: EventLog;
  readonly timers: Timers;
  readonly keyValue: KeyValue;
}

/**
 * Connects and verifies that the server is as {@link bootstrapNats} leaves it. Dispose it last: consumers and tails that
 * still run lose their connection.
 * @throws Unavailable when no server answers; NatsUnfit when it is not as this version needs it.
 */
export async function connectNatsBus(options: NatsBusOptions): Promise<NatsBus> {
  const connection = await connectTo(options);
  try {
    await verifyNats(connection, options);
  } catch (error) {
    await connection.close();
    throw error;
  }
  const js = jetstream(connection);
  const jsm = await jetstreamManager(connection, { checkAPI: false });
  const parts = { ...natsDefaults, ...options, connection, js, jsm };
  return {
    log: new NatsEventLog(parts),
    timers: new NatsTimers(parts),
    keyValue: new NatsKeyValue(parts),
    [Symbol.asyncDispose]: async () => {
      if (!connection.isClosed()) await connection.drain();
    },
  };
}
