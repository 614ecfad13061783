import { filters, streams } from "@loopgate/contracts";
import type { ConsumerSpec } from "../../event-log.ts";
import type { NatsPermissions } from "./nats-options.ts";
import { onlyStreamOf } from "../log/stored-message.ts";
import { bucketName } from "../streams/wanted-streams.ts";

/** The subjects that this takes the permission to publish to, with wildcards (`deploy/nats/users.conf` grants them). */
export function publishedBy(use: NatsPermissions): readonly string[] {
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
