import { committedSubject, streams } from "@loopgate/contracts";
import { DiscardPolicy, RetentionPolicy, StorageType, type StreamConfig } from "@nats-io/jetstream";
import { nanos } from "@nats-io/transport-node";
import { type BucketLifetimes, bucketNames, lifetimesFor } from "../../key-value.ts";
import type { NatsStorage } from "../connection/bus-options.ts";
import { bucketName } from "../stream-names.ts";

/** The configuration keys that matter to us. The server adds its own, and the operator may set the rest. */
export type WantedStream = Partial<StreamConfig> & { readonly name: string };

/**
 * A channel may redeliver an update for a day, so ids are remembered for longer (docs/invariants.md, the facts on
 * updates).
 */
const RECEIVED_AGAIN_MS = 25 * 3_600_000;
const RECEIVED_KEPT_MS = 48 * 3_600_000;

/** An append is retried within this time, in milliseconds; the server's own default. */
const RETRIED_MS = 120_000;

/**
 * Everything that Loopgate stores on the server (docs/architecture.md#streams-subjects-and-buckets): its streams, and
 * the streams of its buckets.
 */
export function wantedStreams(storage: NatsStorage): readonly WantedStream[] {
  const { retentionMs, lifetimes = lifetimesFor(retentionMs) } = storage;
  const common = commonSettings(storage);
  return [...eventStreams(storage, common), ...bucketStreams(lifetimes, common)];
}

/** `-1` means no limit: a limit would make the stream drop stored messages, or reject appends unexpectedly. */
const commonSettings = ({ replicas = 1 }: NatsStorage) => ({
  storage: StorageType.File,
  retention: RetentionPolicy.Limits,
  num_replicas: replicas,
  max_msgs: -1,
  max_msg_size: -1,
});

type Common = ReturnType<typeof commonSettings>;

function eventStreams({ retentionMs, maxBytes }: NatsStorage, common: Common): readonly WantedStream[] {
  const events = { ...common, max_msgs_per_subject: -1, duplicate_window: nanos(RETRIED_MS) };
  const unlimited = { ...events, max_bytes: -1 };
  const [everyRequest] = streams.requests.subjects;
  return [
    {
      ...events,
      ...namesOf(streams.requests),
      ...(maxBytes === undefined ? {} : { max_bytes: maxBytes }),
      discard: DiscardPolicy.New,
      max_age: nanos(retentionMs),
      allow_direct: true,
      republish: { src: everyRequest, dest: committedSubject(everyRequest) },
    },
    { ...unlimited, ...namesOf(streams.timers), max_age: nanos(retentionMs), allow_msg_schedules: true },
    {
      ...unlimited,
      ...namesOf(streams.channel),
      max_age: nanos(RECEIVED_KEPT_MS),
      duplicate_window: nanos(RECEIVED_AGAIN_MS),
    },
    { ...unlimited, ...namesOf(streams.deadLetters), max_age: nanos(retentionMs) },
  ];
}

const namesOf = ({ name, subjects }: { readonly name: string; readonly subjects: readonly string[] }) => ({
  name,
  subjects: [...subjects],
});

/** Buckets in the layout of every NATS client: a stream with one value per key. They are read from the leader only. */
const bucketStreams = (lifetimes: BucketLifetimes, common: Common): readonly WantedStream[] =>
  bucketNames.map((name) => {
    const lifetimeMs = lifetimes[name] ?? 0;
    return {
      ...common,
      name: `KV_${bucketName(name)}`,
      subjects: [`$KV.${bucketName(name)}.>`],
      max_msgs_per_subject: 1,
      max_age: nanos(lifetimeMs),
      duplicate_window: nanos(lifetimeMs === 0 ? RETRIED_MS : Math.min(lifetimeMs, RETRIED_MS)),
      discard: DiscardPolicy.New,
      allow_rollup_hdrs: true,
      allow_direct: false,
    };
  });
