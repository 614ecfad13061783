import type { JetStreamClient, JetStreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import type { ConnectionWatch } from "./connection-watch.ts";
import type { NatsBusOptions, natsDefaults } from "./nats-options.ts";

/** An open connection and how to use it. */
export type NatsParts = NatsBusOptions &
  Required<Pick<NatsBusOptions, keyof typeof natsDefaults>> & {
    readonly connection: NatsConnection;
    readonly watch: ConnectionWatch;
    readonly js: JetStreamClient;
    readonly jsm: JetStreamManager;
  };
