// `npm test`: every check that CI runs, in the order of their cost. A first argument of `--static`, `--unit`, `--watch`
// or `--file` runs a part of it, without the rest, and `--kubernetes` what it leaves out; the others go on to vitest.
import { delimiter, join } from "node:path";
import { runInForeground, STOP_SIGNALS } from "./foreground.mjs";
import { root, setUp } from "./setup.mjs";

const [first = "", ...others] = process.argv.slice(2);

const checks = [
  ["formatting", "oxfmt", "--check", "."],
  ["types", "tsc"],
  ["types of the pages", "tsc", "-p", "services/inbox/ui"],
  ["lint and layers", "oxlint", "--type-aware"],
  ["dead code", "knip"],
];
const vitest = (...args) => ["tests", "vitest", ...args];
const parts = {
  "--static": checks,
  "--unit": [vitest("run", "--project", "pure", ...others)],
  "--watch": [vitest("watch", "--project", "pure", ...others)],
  "--file": [vitest("run", ...others)],
  "--kubernetes": [vitest("run", "--config", "vitest.kubernetes.config.ts", ...others)],
};

if (first === "--file" && others.length === 0) {
  process.stderr.write("test:file needs a file: npm run test:file -- <path> …\n");
  process.exit(1);
}

await setUp();
const bin = join(root, "node_modules", ".bin");
const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };

let isStopped = false;
for (const signal of STOP_SIGNALS) process.on(signal, () => (isStopped = true));

for (const [name, command, ...args] of parts[first] ?? [...checks, vitest("run", ...process.argv.slice(2))]) {
  process.stdout.write(`\n— ${name}\n`);
  const code = await runInForeground(join(bin, command), args, { cwd: root, env });
  if (isStopped) process.exit(1);
  if (code === 0) continue;
  process.stdout.write(
    `\n${name} failed: fix what is printed above${name === "formatting" ? " (npm run format)" : ""}\n`,
  );
  process.exit(code);
}
