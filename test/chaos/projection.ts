import { filters, type LogEntry } from "@loopgate/contracts";
import type { EventLog } from "@loopgate/bus";
import { connectNatsBus } from "@loopgate/bus/nats";
import { MongoRequestStore } from "@loopgate/state/mongo";
import { expect } from "vitest";
import type { Deployment } from "../harness/deployment.ts";

const retentionMs = 90 * 86_400_000;

/**
 * One `created` and one `decided` for each request in the log, and the database that grew under fire holds the same as one
 * that is built from the log afresh.
 */
export async function expectLogAndDatabaseAgree(
  { nats, mongo, database }: Deployment,
  ids: readonly string[],
): Promise<void> {
  const options = { servers: nats.url, name: "auditor", retentionMs };
  await using bus = await connectNatsBus(options);
  const entries = await everything(bus.log);
  for (const id of ids) {
    const kinds = entries.filter(({ event }) => event.subject === id).map(({ event }) => event.type);
    for (const kind of ["loopgate.request.created.v1", "loopgate.request.decided.v1"]) {
      expect(
        kinds.filter((one) => one === kind),
        `${id} ${kind}`,
      ).toHaveLength(1);
    }
  }
  await using grown = await MongoRequestStore.open(database);
  await using fresh = await MongoRequestStore.open(mongo.newDatabase());
  await fresh.merge(entries);
  for (const id of ids) {
    const ref = { tenant: "default", id };
    const wanted = await fresh.get(ref);
    await expect.poll(() => grown.get(ref), { timeout: 60_000 }).toEqual(wanted);
  }
}

async function everything(log: EventLog): Promise<readonly LogEntry[]> {
  const entries: LogEntry[] = [];
  for await (const page of log.replay(filters.everyEvent)) entries.push(...page.entries);
  return entries;
}
