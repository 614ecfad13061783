import { committedSubject, streams } from "@loopgate/contracts";
import { DiscardPolicy, RetentionPolicy, StorageType, type StreamConfig } from "@nats-io/jetstream";
import { nanos } from "@nats-io/transport-node";
import type { BucketName } from "../key-value.ts";
import type { NatsStorage } from "./nats-options.ts";

export type WantedStream = Partial<StreamConfig> & { readonly name: string };

/** A received update may come again for a day; its id is remembered longer (reference telegram.md 2.2). */
const RECEIVED_AGAIN_MS = 25 * 3_600_000;
const RECEIVED_KEPT_MS = 48 * 3_600_000;

/** The streams of design 5: only the keys that matter, because the server adds its own. */
export function wantedStreams({
  retentionMs,
  replicas = 1,
  maxBytes = -1,
}: NatsStorage): readonly WantedStream[] {
  const common = { storage: StorageType.File, retention: RetentionPolicy.Limits, num_replicas: replicas };
  const [everyRequest] = streams.requests.subjects;
  return [
    {
      ...common,
      ...nameOf(streams.requests),
      discard: DiscardPolicy.New,
      max_age: nanos(retentionMs),
      max_bytes: maxBytes,
      allow_direct: true,
      republish: { src: everyRequest, dest: committedSubject(everyRequest) },
    },
    { ...common, ...nameOf(streams.timers), max_age: nanos(retentionMs), allow_msg_schedules: true },
    {
      ...common,
      ...nameOf(streams.channel),
      max_age: nanos(RECEIVED_KEPT_MS),
      duplicate_window: nanos(RECEIVED_AGAIN_MS),
    },
    { ...common, ...nameOf(streams.deadLetters), max_age: nanos(retentionMs) },
  ];
}

/** The bucket's name on the server, where other applications may have buckets, too. */
export const bucketName = (name: BucketName): string => `LOOPGATE_${name.toUpperCase()}`;

const nameOf = ({ name, subjects }: { readonly name: string; readonly subjects: readonly string[] }) => ({
  name,
  subjects: [...subjects],
});
