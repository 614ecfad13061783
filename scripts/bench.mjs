// `npm run bench [-- row …]`: set up, then measure on the workspace's own Node.
import { join } from "node:path";
import { runInForeground } from "./foreground.mjs";
import { node, root, setUp } from "./setup.mjs";

await setUp();
const main = join(root, "test", "bench", "main.ts");
process.exit(await runInForeground(node, [main, ...process.argv.slice(2)]));
