import type { JetStreamManager } from "@nats-io/jetstream";
import type { Backlog } from "../../bus-observer.ts";
import type { ConsumerSpec } from "../../event-log.ts";
import { onlyStreamOf } from "../log/stored-message.ts";

/** What the broker knows of a consumer's position. Everything up to its floor is acknowledged. */
export async function backlogOf(
  jsm: JetStreamManager,
  { name, filters }: Pick<ConsumerSpec, "name" | "filters">,
): Promise<Backlog> {
  const stream = onlyStreamOf(filters);
  const { num_pending, num_ack_pending, ack_floor } = await jsm.consumers.info(stream, name);
  const entries = num_pending + num_ack_pending;
  if (entries === 0) return { entries };
  const found = await Promise.all(
    filters.map((filter) => {
      const firstBehindFloor = { seq: ack_floor.stream_seq + 1, next_by_subj: filter };
      return jsm.streams.getMessage(stream, firstBehindFloor);
    }),
  );
  const times = found.flatMap((message) => (message === null ? [] : message.time.getTime()));
  if (times.length === 0) return { entries };
  return { entries, oldestStoredAt: new Date(Math.min(...times)).toISOString() };
}
