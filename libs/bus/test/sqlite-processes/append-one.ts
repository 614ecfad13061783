import { once } from "node:events";
import { openSqliteBus } from "../../src/sqlite/index.ts";
import { anEvent, copySubject } from "../contract/support/events.ts";

// Waits for input, so that several processes start at the same moment; then appends one event and prints its id.
const [path = "", id = "", copy = ""] = process.argv.slice(2);
const ref = { tenant: "default", id };
process.stdout.write("\n");
await once(process.stdin, "data");
process.stdin.destroy();
await using bus = await openSqliteBus({
  path,
  lifetimes: { sessions: undefined, copies: undefined, leases: undefined },
  retentionMs: 86_400_000,
});
const event = anEvent(ref);
await bus.log.append(copySubject(ref, Number(copy)), event);
process.stdout.write(event.id);
