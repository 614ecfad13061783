// `npm run pictures`: set up, then draw the pictures of the inbox in docs/pictures on the workspace's own Node.
import { join } from "node:path";
import { runInForeground } from "./foreground.mjs";
import { node, root, setUp } from "./setup.mjs";

await setUp();
const main = join(root, "services", "loopgate", "test", "pages", "pictures", "main.ts");
process.exit(await runInForeground(node, [main]));
