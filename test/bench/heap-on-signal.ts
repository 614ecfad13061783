// Imported before a service: on SIGWINCH it collects garbage and writes what is left, in bytes, as one line.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

process.on("SIGWINCH", () => {
  collectGarbage();
  const { heapUsed, external, rss } = process.memoryUsage();
  process.stdout.write(`memory: ${JSON.stringify({ heapUsed, external, rss })}\n`);
});
