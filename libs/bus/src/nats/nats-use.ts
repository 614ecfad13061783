import { filters, streams } from "@loopgate/contracts";
import type { ConsumerSpec } from "../event-log.ts";
import type { BucketName } from "../key-value.ts";
import { onlyStreamOf } from "./durable-consumer.ts";
import { bucketName } from "./wanted-streams.ts";

/** What a service does on the broker; all read the log. */
export interface NatsUse {
  /** Filters of the subjects that it appends to. */
  readonly appends: readonly string[];
  readonly consumers?: readonly Pick<ConsumerSpec, "name" | "filters">[];
  /** Buckets that it reads. */
  readonly reads?: readonly BucketName[];
  /** Buckets that it reads and writes. */
  readonly writes?: readonly BucketName[];
  readonly setsTimers?: boolean;
  readonly asksQueries?: boolean;
}

/** The subjects that this takes the permission to publish to, with wildcards (`deploy/nats/users.conf` grants them). */
export function publishedBy(use: NatsUse): readonly string[] {
  const { appends, consumers = [], reads = [], writes = [], setsTimers = false, asksQueries = false } = use;
  const { requests, timers } = streams;
  return [
    `$JS.API.STREAM.MSG.GET.${requests.name}`,
    `$JS.API.DIRECT.GET.${requests.name}`,
    ...appends,
    ...consumers.flatMap(publishedByConsumer),
    ...[...reads, ...writes].map((name) => `$JS.API.STREAM.MSG.GET.KV_${bucketName(name)}`),
    ...writes.map((name) => `$KV.${bucketName(name)}.>`),
    ...(setsTimers ? [filters.timers, `$JS.API.STREAM.PURGE.${timers.name}`] : []),
    ...(asksQueries ? [filters.queries] : []),
  ];
}

function publishedByConsumer({ name, filters }: Pick<ConsumerSpec, "name" | "filters">): readonly string[] {
  const consumer = `${onlyStreamOf(filters)}.${name}`;
  return [
    `$JS.API.CONSUMER.DURABLE.CREATE.${consumer}`,
    `$JS.API.CONSUMER.INFO.${consumer}`,
    `$JS.API.CONSUMER.MSG.NEXT.${consumer}`,
    `$JS.ACK.${consumer}.>`,
  ];
}
