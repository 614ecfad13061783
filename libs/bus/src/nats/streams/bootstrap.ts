import { connectTo } from "../connection/connect.ts";
import { retryUnknownOutcome } from "../connection/failures.ts";
import { type NatsBusOptions, natsDefaults } from "../connection/nats-options.ts";
import { configure, provision } from "./provision.ts";

/**
 * Creates the streams and buckets, and gives those that stand these settings; to run it again changes nothing. The only
 * place that changes a stream.
 * @throws Unavailable when no server answers; NatsStartupError when a setting can't be changed any more.
 */
export async function bootstrapNats(options: NatsBusOptions): Promise<void> {
  const connection = await connectTo(options);
  const { giveUpAfterMs } = { ...natsDefaults, ...options };
  try {
    await retryUnknownOutcome({ giveUpAfterMs }, () => configure(connection, options));
    await retryUnknownOutcome({ giveUpAfterMs }, () => provision(connection, options));
  } finally {
    await connection.close();
  }
}
