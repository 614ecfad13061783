import { comesTrue } from "../comes-true.ts";
import type { ConsumerSpec } from "../event-log.ts";
import { onlyStreamOf } from "./durable-consumer.ts";
import { untilKnown } from "./nats-failures.ts";
import type { NatsParts } from "./nats-parts.ts";

/**
 * True once everything is acknowledged that stood in a consumer's stream at the call. The floor stays behind entries that
 * do not match; then nothing may be left to do, in two looks, since the broker counts an entry a moment after it stored it.
 */
export async function catchesUp(
  { jsm, giveUpAfterMs, observer }: NatsParts,
  { name, filters }: Pick<ConsumerSpec, "name" | "filters">,
  withinMs: number,
): Promise<boolean> {
  const stream = onlyStreamOf(filters);
  const ask = <Answer>(call: () => Promise<Answer>) => untilKnown(giveUpAfterMs, call, observer);
  const { state } = await ask(() => jsm.streams.info(stream));
  let idleLooks = 0;
  return comesTrue(async () => {
    const { num_pending, num_ack_pending, ack_floor } = await ask(() => jsm.consumers.info(stream, name));
    idleLooks = num_pending + num_ack_pending === 0 ? idleLooks + 1 : 0;
    return ack_floor.stream_seq >= state.last_seq || idleLooks === 2;
  }, withinMs);
}
