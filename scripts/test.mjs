// `npm test`: every check that CI runs, in the order of their cost. `--static` stops before the tests.
import { delimiter, join } from "node:path";
import { runInForeground, STOP_SIGNALS } from "./foreground.mjs";
import { root, setUp } from "./setup.mjs";

await setUp();
const bin = join(root, "node_modules", ".bin");
const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };

const checks = [
  ["formatting", "oxfmt", "--check", "."],
  ["types", "tsc"],
  ["lint and layers", "oxlint", "--type-aware"],
  ["dead code", "knip"],
];
const tests = ["tests", "vitest", "run", ...process.argv.slice(2)];

let isStopped = false;
for (const signal of STOP_SIGNALS) process.on(signal, () => (isStopped = true));

for (const [name, command, ...args] of process.argv.includes("--static") ? checks : [...checks, tests]) {
  process.stdout.write(`\n— ${name}\n`);
  const code = await runInForeground(join(bin, command), args, { cwd: root, env });
  if (isStopped) process.exit(1);
  if (code === 0) continue;
  process.stdout.write(
    `\n${name} failed: mend what is printed above${name === "formatting" ? " (npm run format)" : ""}\n`,
  );
  process.exit(code);
}
