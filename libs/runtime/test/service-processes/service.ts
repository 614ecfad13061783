import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { runService } from "@loopgate/runtime";

/** A service with a part that closes slowly. Its argument makes it fail in `start` or `stop`, or wait in its start. */
const fails = process.argv[2];

await runService({
  name: "test",
  settings: () => ({ logLevel: "info" }),
  start: async ({ logger, parts, stopping }) => {
    parts.defer(async () => {
      logger.info("closing");
      await pause(300);
      logger.info("closed");
      if (fails === "stop") throw new Error("mongodb://user:canary@host does not close");
    });
    if (fails === "start") throw new Error("mongodb://user:canary@host does not answer");
    setInterval(() => undefined, 60_000);
    if (fails === "wait") {
      logger.info("waiting");
      await once(stopping, "abort");
    }
    logger.info("ready");
  },
});
