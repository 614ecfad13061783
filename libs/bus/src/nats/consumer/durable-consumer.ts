import { AckPolicy, type Consumer, DeliverPolicy } from "@nats-io/jetstream";
import { nanos } from "@nats-io/transport-node";
import type { ConsumerSpec } from "../../event-log.ts";
import type { NatsParts } from "../connection/nats-parts.ts";
import { apiCodeOf, apiCodes } from "../connection/failures.ts";
import { onlyStreamOf } from "../log/stored-message.ts";

/**
 * At so many entries that are put off or being handled the broker delivers no more, to nobody. Far above what one
 * throttled chat can put off: 100,000 put-off entries were measured not to slow the others.
 */
const MAX_ACK_PENDING = 200_000;

/**
 * The broker's durable pull consumer, created or brought to this configuration.
 * @throws TypeError when the filters do not belong to exactly one stream.
 */
export async function durableConsumer(
  { js, jsm, ackWaitMs }: Pick<NatsParts, "js" | "jsm" | "ackWaitMs">,
  { name, filters }: ConsumerSpec,
): Promise<Consumer> {
  const stream = onlyStreamOf(filters);
  const config = {
    filter_subjects: [...filters],
    ack_wait: nanos(ackWaitMs),
    max_deliver: -1,
    max_ack_pending: MAX_ACK_PENDING,
  };
  const fixed = { durable_name: name, ack_policy: AckPolicy.Explicit, deliver_policy: DeliverPolicy.All };
  try {
    await jsm.consumers.add(stream, { ...fixed, ...config });
  } catch (error) {
    if (apiCodeOf(error) !== apiCodes.consumerExists) throw error;
    await jsm.consumers.update(stream, name, config);
  }
  return js.consumers.get(stream, name);
}
