// `npm run bench [-- row …]`: set up, then measure on the workspace's own Node.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { node, root, setUp } from "./setup.mjs";

await setUp();
const main = join(root, "test", "bench", "main.ts");
process.exit(spawnSync(node, [main, ...process.argv.slice(2)], { stdio: "inherit" }).status ?? 1);
