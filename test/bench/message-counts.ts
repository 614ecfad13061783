import { streams } from "@loopgate/contracts";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";

export interface MessageCounts {
  /** Messages that the requests' stream was ever given. */
  readonly requests: number;
  /** The same of all streams, those of key-value buckets included. */
  readonly all: number;
}

export async function countMessages(servers: string): Promise<MessageCounts> {
  await using connection = await connect({ servers });
  const manager = await jetstreamManager(connection);
  const counts: Record<string, number> = {};
  for await (const { config, state } of manager.streams.list()) counts[config.name] = state.last_seq;
  return {
    requests: counts[streams.requests.name] ?? 0,
    all: Object.values(counts).reduce((sum, count) => sum + count, 0),
  };
}
