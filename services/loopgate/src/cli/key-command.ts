import { Command, InvalidArgumentError, Option } from "commander";
import { KeyId, type KeyScope, keyScopes, type NewKey, newKey } from "@loopgate/gateway";

const DAY_MS = 86_400_000;

interface KeyOptions {
  readonly scope: KeyScope;
  readonly id?: string;
  readonly expires?: Date;
}

/** `loopgate key`: makes an API key. The key and its entry go to stdout, a line each; what to do with them to stderr. */
export function keyCommand(): Command {
  return new Command("key")
    .description("make an API key: prints it once, and its entry for the file of LOOPGATE_API_KEYS_FILE")
    .addOption(
      new Option("--scope <scope>", "what it is for: request asks, reads and cancels; admin also registers")
        .choices(keyScopes)
        .default("request"),
    )
    .option("--id <name>", "who has it, as logs show it (default: made of its hash)", parseId)
    .option("--expires <days>", "how long it counts, such as 90d (default: for ever)", parseDays)
    .action(({ scope, id, expires }: KeyOptions) => print(newKey({ scope, id, expiresAt: expires })));
}

function print({ key, entry }: NewKey): void {
  process.stderr.write("The key, shown this once; whoever calls sends it as Authorization: Bearer <key>:\n");
  process.stdout.write(`${key}\n`);
  process.stderr.write("Its entry for the list in the file that LOOPGATE_API_KEYS_FILE names:\n");
  process.stdout.write(`${JSON.stringify(entry)}\n`);
  process.stderr.write("The file looks like [entry, entry]; a gateway that runs reads it within seconds.\n");
}

function parseId(given: string): string {
  const { data, error } = KeyId.safeParse(given);
  if (data === undefined) throw new InvalidArgumentError(`It ${error.issues[0]?.message}.`);
  return data;
}

/** The end of a life of whole days, such as `90d`. */
function parseDays(given: string): Date {
  const days = Number(/^([1-9]\d{0,4})d$/.exec(given)?.[1]);
  if (Number.isNaN(days)) throw new InvalidArgumentError("It must be a number of days, such as 90d.");
  return new Date(Date.now() + days * DAY_MS);
}
