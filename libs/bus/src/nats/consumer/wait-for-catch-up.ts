import type { ConsumerSpec, Consumption } from "../../event-log.ts";
import { pollUntil, singleFlight } from "@loopgate/async";
import { onlyStreamOf } from "../log/stored-message.ts";
import { retryUnknownOutcome } from "../connection/failures.ts";
import type { NatsParts } from "../connection/nats-parts.ts";

/** How often the broker is asked where stream and consumer are, however many wait for it. */
const ASK_EVERY_MS = 20;

/**
 * True once everything is acknowledged that stood in a consumer's stream at the call. The floor stays behind entries that
 * do not match; then nothing may be left to do, in two looks, since the broker counts an entry a moment after it stored it.
 */
export function waitForCatchUp(
  parts: NatsParts,
  { name, filters }: Pick<ConsumerSpec, "name" | "filters">,
): Consumption["waitForCatchUp"] {
  const stream = onlyStreamOf(filters);
  const asking = <Answer>(call: () => Promise<Answer>) =>
    singleFlight(ASK_EVERY_MS, () => retryUnknownOutcome(parts, call, parts.observer));
  const streamInfo = asking(() => parts.jsm.streams.info(stream));
  const consumerInfo = asking(() => parts.jsm.consumers.info(stream, name));
  return async (withinMs) => {
    const { state } = await streamInfo();
    let idleLooks = 0;
    return pollUntil(async () => {
      const { num_pending, num_ack_pending, ack_floor } = await consumerInfo();
      idleLooks = num_pending + num_ack_pending === 0 ? idleLooks + 1 : 0;
      return ack_floor.stream_seq >= state.last_seq || idleLooks === 2;
    }, withinMs);
  };
}
