import { committedSubject, streams } from "@loopgate/contracts";
import { DiscardPolicy, RetentionPolicy, StorageType, type StreamConfig } from "@nats-io/jetstream";
import { nanos } from "@nats-io/transport-node";
import { type BucketLifetimes, type BucketName, bucketNames, lifetimesFor } from "../../key-value.ts";
import type { NatsStorage } from "../connection/nats-options.ts";

/** The keys that matter: the server adds its own, and the rest is the operator's. */
export type WantedStream = Partial<StreamConfig> & { readonly name: string };

/** A received update may come again for a day; its id is remembered longer (reference telegram.md 2.2). */
const RECEIVED_AGAIN_MS = 25 * 3_600_000;
const RECEIVED_KEPT_MS = 48 * 3_600_000;

/** A retry of an append comes within this time; the server's own default. */
const RETRIED_MS = 120_000;

/** Everything that Loopgate keeps on the server (design 5): its streams, and the streams of its buckets. */
export function wantedStreams(storage: NatsStorage): readonly WantedStream[] {
  const { retentionMs, lifetimes = lifetimesFor(retentionMs) } = storage;
  const common = commonSettings(storage);
  return [...eventStreams(storage, common), ...bucketStreams(lifetimes, common)];
}

/** `-1` is no limit: with one, a stream would drop what it has accepted, or refuse for reasons that nobody here knows. */
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

/** Buckets as every client of NATS lays them out: a stream with one value a key, read from its leader only. */
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

/** The bucket's name on the server, where other applications may have buckets, too. */
export const bucketName = (name: BucketName): string => `LOOPGATE_${name.toUpperCase()}`;
