import { streams } from "@loopgate/contracts";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import type { NatsAccess } from "../../../src/nats/index.ts";

/** Drops the events of all requests that the server holds. */
export async function purge({ servers }: Pick<NatsAccess, "servers">): Promise<void> {
  await using connection = await connect({ servers: [servers].flat() });
  await (await jetstreamManager(connection)).streams.purge(streams.requests.name);
}
