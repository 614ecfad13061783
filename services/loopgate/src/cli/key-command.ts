import { Command, InvalidArgumentError, Option } from "commander";
import { KeyId, type KeyScope, keyScopes, type NewKey, newKey } from "@loopgate/gateway";

const DAY_MS = 86_400_000;

interface KeyOptions {
  readonly scope: KeyScope;
  readonly id?: string;
  readonly expires?: Date;
}

/** `loopgate key`: creates an API key. The key and its entry go to stdout, one line each; the instructions go to stderr. */
export function keyCommand(): Command {
  return new Command("key")
    .description("create an API key: print it once, with its entry for the file in LOOPGATE_API_KEYS_FILE")
    .addOption(
      new Option(
        "--scope <scope>",
        "what it permits: request asks, reads and cancels; read only reads, over /v1; admin also registers sessions",
      )
        .choices(keyScopes)
        .default("request"),
    )
    .option("--id <name>", "the name that logs show (default: derived from its hash)", parseId)
    .option("--expires <days>", "how long it is valid, such as 90d (default: no end)", parseDays)
    .action(({ scope, id, expires }: KeyOptions) => print(newKey({ scope, id, expiresAt: expires })));
}

function print({ key, entry }: NewKey): void {
  process.stderr.write("The key, shown only now; clients send it as Authorization: Bearer <key>:\n");
  process.stdout.write(`${key}\n`);
  process.stderr.write("Its entry for the JSON list in the file that LOOPGATE_API_KEYS_FILE names:\n");
  process.stdout.write(`${JSON.stringify(entry)}\n`);
  process.stderr.write(
    "The file has the form [entry, entry]; a running gateway rereads it within seconds.\n",
  );
}

function parseId(given: string): string {
  const { data, error } = KeyId.safeParse(given);
  if (data === undefined) throw new InvalidArgumentError(`It ${error.issues[0]?.message}.`);
  return data;
}

/** When a key expires, from its lifetime in days, such as `90d`. */
function parseDays(given: string): Date {
  const days = Number(/^([1-9]\d{0,4})d$/.exec(given)?.[1]);
  if (Number.isNaN(days)) throw new InvalidArgumentError("It must be a number of days, such as 90d.");
  return new Date(Date.now() + days * DAY_MS);
}
