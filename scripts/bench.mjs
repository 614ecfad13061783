// `npm run bench`: set up, then measure on the workspace's own Node.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { node, root, setUp } from "./setup.mjs";

await setUp();
process.exit(spawnSync(node, [join(root, "test", "bench", "main.ts")], { stdio: "inherit" }).status ?? 1);
