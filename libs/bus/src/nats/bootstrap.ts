import { connectTo } from "./connect.ts";
import { untilKnown } from "./nats-failures.ts";
import { type NatsBusOptions, natsDefaults } from "./nats-options.ts";
import { configure, provision } from "./provision.ts";

/**
 * Creates the streams and buckets, and gives those that stand these settings; to run it again changes nothing. The only
 * place that changes a stream.
 * @throws Unavailable when no server answers; NatsUnfit when a setting can't be changed any more.
 */
export async function bootstrapNats(options: NatsBusOptions): Promise<void> {
  const connection = await connectTo(options);
  const { giveUpAfterMs } = { ...natsDefaults, ...options };
  try {
    await untilKnown({ giveUpAfterMs }, () => configure(connection, options));
    await untilKnown({ giveUpAfterMs }, () => provision(connection, options));
  } finally {
    await connection.close();
  }
}
