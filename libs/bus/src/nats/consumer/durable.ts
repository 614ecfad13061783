import { pollUntil, singleFlight } from "@loopgate/async";
import {
  AckPolicy,
  type Consumer,
  type ConsumerInfo,
  DeliverPolicy,
  type JetStreamManager,
  type StreamInfo,
} from "@nats-io/jetstream";
import { nanos } from "@nats-io/transport-node";
import type { Backlog } from "../../bus-observer.ts";
import type { ConsumerSpec, Consumption } from "../../event-log.ts";
import type { NatsClient } from "../connection/connect.ts";
import { apiCodeOf, apiCodes } from "../connection/errors.ts";
import { onlyStreamOf } from "../stream-names.ts";

/**
 * With this many delivered but unacknowledged entries the server stops delivering to the consumer. Far above what one
 * throttled place can postpone: 100,000 postponed entries were measured not to slow down the others.
 */
const MAX_ACK_PENDING = 200_000;

/** How often the server is asked for the position of stream and consumer, for all waiting callers, in milliseconds. */
const POSITION_EVERY_MS = 20;

type Identity = Pick<ConsumerSpec, "name" | "filters">;

/**
 * The durable pull consumer on the server, created or updated to this configuration.
 * @throws TypeError unless all filters belong to one stream.
 */
export async function durableConsumer(
  { js, jsm }: Pick<NatsClient, "js" | "jsm">,
  { name, filters }: Identity,
  ackWaitMs: number,
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

/** What the consumer still has to do, as the server sees it. Everything up to the ack floor is acknowledged. */
export async function backlogOf(jsm: JetStreamManager, { name, filters }: Identity): Promise<Backlog> {
  const stream = onlyStreamOf(filters);
  const { num_pending, num_ack_pending, ack_floor } = await jsm.consumers.info(stream, name);
  const entries = num_pending + num_ack_pending;
  if (entries === 0) return { entries };
  const found = await Promise.all(
    filters.map((filter) => {
      const firstAboveFloor = { seq: ack_floor.stream_seq + 1, next_by_subj: filter };
      return jsm.streams.getMessage(stream, firstAboveFloor);
    }),
  );
  const times = found.flatMap((message) => (message === null ? [] : message.time.getTime()));
  if (times.length === 0) return { entries };
  return { entries, oldestStoredAt: new Date(Math.min(...times)).toISOString() };
}

/**
 * Implements `waitForCatchUp`. The ack floor does not pass entries that do not match the filters; for those cases the
 * consumer has caught up when two consecutive readings show nothing left to do. Two, because the server counts an entry
 * as pending a moment after storing it.
 */
export function catchUpOf(
  jsm: JetStreamManager,
  { name, filters }: Identity,
  retry: <Result>(call: () => Promise<Result>) => Promise<Result>,
): Consumption["waitForCatchUp"] {
  const stream = onlyStreamOf(filters);
  const streamInfo = singleFlight<StreamInfo>(POSITION_EVERY_MS, () => retry(() => jsm.streams.info(stream)));
  const consumerInfo = singleFlight<ConsumerInfo>(POSITION_EVERY_MS, () =>
    retry(() => jsm.consumers.info(stream, name)),
  );
  return async (withinMs) => {
    const { state } = await streamInfo();
    let idleReadings = 0;
    return pollUntil(async () => {
      const { num_pending, num_ack_pending, ack_floor } = await consumerInfo();
      idleReadings = num_pending + num_ack_pending === 0 ? idleReadings + 1 : 0;
      return ack_floor.stream_seq >= state.last_seq || idleReadings === 2;
    }, withinMs);
  };
}
