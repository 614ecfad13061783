import { setImmediate } from "node:timers/promises";
import { filters, streams } from "@loopgate/contracts";
import { headers } from "@nats-io/transport-node";
import type { ConsumerSpec } from "../../event-log.ts";
import { NatsStartupError } from "../../startup-error.ts";
import { bucketName, onlyStreamOf } from "../stream-names.ts";
import type { NatsPermissions } from "./bus-options.ts";
import type { NatsClient } from "./connect.ts";

/**
 * Checks that this user may publish to each subject. Publishes a probe that cannot be stored (expects stream "none") and
 * matches nothing (its payload filters on a subject that does not exist); the server reports a violation before the
 * round trip of `flush` ends.
 * @param subjects may contain the wildcards `*` and `>`
 * @throws NatsStartupError that names every subject to which this user may not publish.
 */
export async function checkPermissions(
  { connection, watch }: Pick<NatsClient, "connection" | "watch">,
  subjects: readonly string[],
): Promise<void> {
  const unstorable = headers();
  unstorable.set("Nats-Expected-Stream", "none");
  const probeOf = (subject: string) => subject.replaceAll(/[*>]/g, "probe");
  for (const probe of subjects.map(probeOf)) {
    connection.publish(probe, JSON.stringify({ filter: probe }), { headers: unstorable });
  }
  await connection.flush();
  await setImmediate();
  const refused = subjects.filter((subject) => watch.isDenied(probeOf(subject)));
  if (refused.length === 0) return;
  throw new NatsStartupError(
    `NATS does not permit this user to publish to ${refused.join(", ")}: grant it ` +
      "(deploy/nats/users.conf lists the permissions of each service)",
  );
}

/** The subjects, with wildcards, to which a service publishes; `deploy/nats/users.conf` grants them. */
export function publishedBy(use: NatsPermissions, apiPrefix = "$JS.API"): readonly string[] {
  const { appends, consumers = [], reads = [], writes = [], setsTimers = false, asksQueries = false } = use;
  const { requests, timers } = streams;
  // In another domain, the client writes values through the API.
  const valuePrefix = apiPrefix === "$JS.API" ? "" : `${apiPrefix}.`;
  return [
    `${apiPrefix}.STREAM.MSG.GET.${requests.name}`,
    `${apiPrefix}.DIRECT.GET.${requests.name}`,
    ...appends,
    ...consumers.flatMap((consumer) => publishedByConsumer(consumer, apiPrefix)),
    ...[...reads, ...writes].map((name) => `${apiPrefix}.STREAM.MSG.GET.KV_${bucketName(name)}`),
    ...writes.map((name) => `${valuePrefix}$KV.${bucketName(name)}.>`),
    ...(setsTimers ? [filters.timers, `${apiPrefix}.STREAM.PURGE.${timers.name}`] : []),
    ...(asksQueries ? [filters.queries] : []),
  ];
}

function publishedByConsumer(
  { name, filters }: Pick<ConsumerSpec, "name" | "filters">,
  apiPrefix: string,
): readonly string[] {
  const consumer = `${onlyStreamOf(filters)}.${name}`;
  return [
    `${apiPrefix}.CONSUMER.DURABLE.CREATE.${consumer}`,
    `${apiPrefix}.CONSUMER.INFO.${consumer}`,
    `${apiPrefix}.CONSUMER.MSG.NEXT.${consumer}`,
    `$JS.ACK.${consumer}.>`,
  ];
}
