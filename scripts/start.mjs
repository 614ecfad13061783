// `npm start` and `./loopgate`: set up, then run the command line on the workspace's own Node.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { node, root, setUp } from "./setup.mjs";

await setUp();
const cli = join(root, "services", "all-in-one", "src", "cli.ts");
const child = spawn(node, [cli, ...process.argv.slice(2)], { stdio: "inherit" });
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code, signal) => {
  if (signal === null) process.exit(code ?? 1);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});
