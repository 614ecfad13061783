// `npm start` and `./loopgate`: set up, then run the command line on the workspace's own Node.
import { realpathSync } from "node:fs";
import module from "node:module";
import { join } from "node:path";
import { runInForeground } from "./foreground.mjs";
import { node, root, setUp } from "./setup.mjs";

/** The pages of the inbox have their types removed by Node, which says once that this is new. */
const QUIET = "--disable-warning=ExperimentalWarning";
const cli = join(root, "services", "loopgate", "src", "cli.ts");

leaveDeletedDirectory();
await setUp();
if (realpathSync(node) === process.execPath && process.execArgv.includes(QUIET)) {
  endWithParent();
  module.enableCompileCache(join(root, "node_modules", ".cache", "compiled"));
  await import(cli);
  module.flushCompileCache();
} else {
  const again = [QUIET, join(root, "scripts", "start.mjs"), ...process.argv.slice(2)];
  process.exit(await runInForeground(node, again, { stdio: ["inherit", "inherit", "inherit", "ipc"] }));
}

/** A process that another Node started in its place ends in order with it, also when that one is killed. */
function endWithParent() {
  process.channel?.unref();
  process.on("disconnect", () => process.kill(process.pid, "SIGTERM"));
}

/** A directory that is gone can't be worked in, nor returned to. */
function leaveDeletedDirectory() {
  try {
    process.cwd();
  } catch {
    process.chdir(root);
  }
}
