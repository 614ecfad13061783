import { bootstrapNats, connectNatsBus } from "@loopgate/bus/nats";
import type { Environment } from "@loopgate/settings";
import { rebuildProjection, type RebuildProgress } from "@loopgate/state";
import { MongoRequestStore } from "@loopgate/state/mongo";
import { Command } from "commander";
import { mongoUriOf, natsOptionsOf } from "../distributed-settings.ts";
import { formatJson, formatText, hasNoProblem } from "../doctor/check.ts";
import { doctor } from "../doctor/doctor.ts";
import { deadLettersCommand } from "./dead-letters-command.ts";
import { keyCommand } from "./key-command.ts";
import { openCommand } from "./open-command.ts";
import { peopleCommands } from "./people-commands.ts";

/** The commands that operators run now and then. They load the drivers of NATS and MongoDB. */
export const operatorCommands = (environment: Environment): readonly Command[] => [
  doctorCommand(environment),
  keyCommand(),
  openCommand(environment),
  ...peopleCommands(environment),
  bootstrapCommand(environment),
  deadLettersCommand(environment),
  rebuildCommand(environment),
];

interface DoctorFlags {
  readonly json?: true;
  readonly sendTest?: true;
  readonly poll?: true;
}

/** `loopgate doctor`: exits with 1 if a finding is a problem. */
const doctorCommand = (environment: Environment): Command =>
  new Command("doctor")
    .description(
      "check settings, data and Telegram, and NATS and MongoDB if they are configured; report problems",
    )
    .option("--json", "print one JSON object")
    .option("--send-test", "send one message to TELEGRAM_CHAT_ID")
    .option("--poll", "look for other pollers of the bot; this interrupts them, and some then end")
    .action((flags: DoctorFlags) => runDoctor(environment, flags));

async function runDoctor(environment: Environment, flags: DoctorFlags): Promise<void> {
  const { sendTest = false, poll = false, json = false } = flags;
  const findings = await doctor({ environment, sendTest, poll });
  const code = hasNoProblem(findings) ? 0 : 1;
  // A check that timed out may still keep the process running.
  process.stdout.write(json ? formatJson(findings) : formatText(findings), () => process.exit(code));
}

/** `loopgate bootstrap`: the only command that configures NATS; the services change no existing stream. */
const bootstrapCommand = (environment: Environment): Command =>
  new Command("bootstrap")
    .description("create the streams and buckets on NATS_URL, or update them to these settings")
    .action(async () => {
      await bootstrapNats(await natsOptionsOf(environment));
      process.stdout.write("NATS is ready for Loopgate\n");
    });

/** `loopgate rebuild`: fills the database from the log while the services run. */
const rebuildCommand = (environment: Environment): Command =>
  new Command("rebuild")
    .description("read the log on NATS_URL from its beginning into MONGODB_URI; the services may run")
    .action(() => rebuild(environment));

async function rebuild(environment: Environment): Promise<void> {
  const uri = await mongoUriOf(environment);
  await using bus = await connectNatsBus(await natsOptionsOf(environment));
  await using store = await MongoRequestStore.open(uri);
  const { merged, refused } = await rebuildProjection({ log: bus.log, store, onProgress });
  process.stdout.write(`${merged} events are in the database\n`);
  const older = await store.addKeys();
  if (older > 0)
    process.stdout.write(`${older} requests of an older release can be found by every filter now\n`);
  for (const subject of refused) process.stdout.write(`refused by the database: ${subject}\n`);
  if (refused.length > 0) process.exitCode = 1;
}

function onProgress({ merged, remaining }: RebuildProgress): void {
  process.stderr.write(`${merged} events merged, at most ${remaining} remain\n`);
}
