// `npm run bench [-- row …] [-- --stored 1000000]`: the numbers to reach, each beside its floor in the same run. On a
// shared machine trust the ratios: they are measured in turns.
import { cpus, loadavg, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { type Figure, type Row, tableOf } from "./figure.ts";
import { catchUp } from "./rows/catch-up.ts";
import { embedded } from "./rows/embedded.ts";
import { hook } from "./rows/hook.ts";
import { front } from "./rows/stdio-proxy.ts";
import { lists } from "./rows/lists.ts";
import { life } from "./rows/life.ts";
import { soak } from "./rows/soak.ts";
import { stored } from "./rows/stored.ts";
import { submitCpu } from "./rows/submit-cpu.ts";
import { tap } from "./rows/tap.ts";
import { waiting } from "./rows/waiting.ts";

const rows: Readonly<Record<string, Row>> = {
  submit: submitCpu,
  tap,
  life,
  waiting,
  stored,
  lists,
  embedded,
  front,
  hook,
  "catch-up": catchUp,
  soak,
};

const { values, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: {
    stored: { type: "string", default: "200000" },
    minutes: { type: "string", default: "60" },
  },
});
const unknown = wanted.find((name) => !Object.hasOwn(rows, name));
if (unknown !== undefined) {
  process.stderr.write(`no row ${unknown}: choose among ${Object.keys(rows).join(", ")}\n`);
  process.exit(1);
}
const [cpu] = cpus();
print(`${cpus().length} × ${cpu?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`);
const figures: Figure[] = [];
for (const [name, row] of Object.entries(rows)) {
  if (wanted.length > 0 ? !wanted.includes(name) : row.isLong === true) continue;
  print(`\n${name}: ${row.title} (load before: ${loadavg()[0]?.toFixed(1)})\n`);
  const measured = await row.measure({ stored: Number(values.stored), minutes: Number(values.minutes) });
  print(tableOf(measured));
  figures.push(...measured);
}
if (wanted.length !== 1) {
  print(`\nall:\n\n${tableOf(figures)}`);
  print("\nchaos is a test: npx vitest run --project chaos");
}
process.exit(0);

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
