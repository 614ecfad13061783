import { bootstrapNats } from "@loopgate/bus/nats";
import type { Environment } from "@loopgate/settings";
import { Command } from "commander";
import { natsOptionsOf, refusingInWords } from "./operator-nats.ts";

/** `loopgate bootstrap`: a job for whoever may configure the broker; services change nothing that stands. */
export const bootstrapCommand = (environment: Environment): Command =>
  new Command("bootstrap")
    .description("create the streams and buckets on NATS_URL, or bring them to these settings")
    .action(() =>
      refusingInWords(async () => {
        await bootstrapNats(natsOptionsOf(environment));
        process.stdout.write("NATS is ready for Loopgate\n");
      }),
    );
