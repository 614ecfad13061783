import { createInterface } from "node:readline";
import { openSqliteBus } from "../../src/sqlite/index.ts";
import { anEvent, copySubject, everythingOf } from "../contract/an-event.ts";

// Appends and consumes at 32 in flight until it is killed; says what was acknowledged and what was handled, a line each.
const [path = "", id = ""] = process.argv.slice(2);
const ref = { tenant: "default", id };
const { log } = await openSqliteBus({
  path,
  lifetimes: { sessions: undefined, copies: undefined, leases: undefined },
  retentionMs: 86_400_000,
  backOffMs: [5],
});

await log.consume({ name: "under-load", filters: [everythingOf(ref)] }, async ({ entry, attempt }) => {
  if (attempt === 1 && entry.seq % 7 === 0) return { retryInMs: 20 };
  if (attempt === 1 && entry.seq % 11 === 0) throw new Error("once");
  process.stdout.write(`handled ${entry.event.id}\n`);
  return "done";
});

async function appendForEver(worker: number): Promise<never> {
  for (;;) {
    const event = anEvent(ref);
    await log.append(copySubject(ref, worker), event);
    process.stdout.write(`stored ${event.id}\n`);
  }
}

createInterface(process.stdin).on("close", () => process.exit());
await Promise.all(Array.from({ length: 32 }, (_, worker) => appendForEver(worker)));
