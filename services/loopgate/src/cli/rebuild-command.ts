import { connectNatsBus } from "@loopgate/bus/nats";
import { type Environment, readConfiguration } from "@loopgate/settings";
import { rebuildProjection, type RebuildProgress } from "@loopgate/state";
import { mongoSecrets, mongoVariables, MongoRequestStore } from "@loopgate/state/mongo";
import { Command } from "commander";
import { z } from "zod";
import { natsOptionsOf, refusingInWords } from "./operator-nats.ts";

/** `loopgate rebuild`: fills the database from the log, while everything else runs. */
export const rebuildCommand = (environment: Environment): Command =>
  new Command("rebuild")
    .description("read the log on NATS_URL from its beginning into MONGODB_URI; nothing needs to stop")
    .action(() => refusingInWords(() => rebuild(environment)));

async function rebuild(environment: Environment): Promise<void> {
  const { MONGODB_URI } = readConfiguration(z.object(mongoVariables), environment, mongoSecrets);
  await using bus = await connectNatsBus(natsOptionsOf(environment));
  await using store = await MongoRequestStore.open(MONGODB_URI);
  const { merged, refused } = await rebuildProjection({ log: bus.log, store, onProgress: tell });
  process.stdout.write(`${merged} events are in the database\n`);
  for (const subject of refused) process.stdout.write(`refused by the database: ${subject}\n`);
  if (refused.length > 0) process.exitCode = 1;
}

function tell({ merged, remaining }: RebuildProgress): void {
  process.stderr.write(`${merged} events merged, at most ${remaining} to come\n`);
}
