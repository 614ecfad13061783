import { openSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { openSqliteBus } from "../../src/sqlite/index.ts";
import { anEvent, copySubject, everythingOf } from "../contract/support/events.ts";

// Appends and consumes, 32 at a time, until it is killed. Writes a line per acknowledged and per handled event to a file,
// because data in a pipe would be lost with its writer. Prints a dot per acknowledgement.
const [path = "", id = "", notes = ""] = process.argv.slice(2);
const ref = { tenant: "default", id };
const file = openSync(notes, "a");
const note = (line: string) => writeSync(file, `${line}\n`);
const { log } = await openSqliteBus({
  path,
  lifetimes: { sessions: undefined, copies: undefined, leases: undefined },
  retentionMs: 86_400_000,
  backOffMs: [5],
});

await log.consume({ name: "under-load", filters: [everythingOf(ref)] }, async ({ entry, attempt }) => {
  if (attempt === 1 && entry.seq % 7 === 0) return { retryInMs: 20 };
  if (attempt === 1 && entry.seq % 11 === 0) throw new Error("once");
  note(`handled ${entry.event.id}`);
  return "done";
});

async function appendForEver(worker: number): Promise<never> {
  for (;;) {
    const event = anEvent(ref);
    await log.append(copySubject(ref, worker), event);
    note(`stored ${event.id}`);
    process.stdout.write(".");
  }
}

createInterface(process.stdin).on("close", () => process.exit());
await Promise.all(Array.from({ length: 32 }, (_, worker) => appendForEver(worker)));
