// Runs as a process of its own, because checking a large file blocks the thread. Prints SQLite's verdict.
import { DatabaseSync } from "node:sqlite";

const database = new DatabaseSync(process.argv[2] ?? "", { readOnly: true, timeout: 2_000 });
const verdict = database.prepare("PRAGMA quick_check(1)").get();
process.stdout.write(String(verdict?.["quick_check"]));
