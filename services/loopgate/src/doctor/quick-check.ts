// A process of its own, because a look at a large file holds its thread up. Prints SQLite's verdict.
import { DatabaseSync } from "node:sqlite";

const database = new DatabaseSync(process.argv[2] ?? "", { readOnly: true, timeout: 2_000 });
const verdict = database.prepare("PRAGMA quick_check(1)").get();
process.stdout.write(String(verdict?.["quick_check"]));
