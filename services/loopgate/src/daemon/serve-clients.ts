import { withTimeout } from "@loopgate/async";
import { join } from "node:path";
import { runService } from "@loopgate/runtime";
import { type Environment } from "@loopgate/settings";
import { rotateLog } from "./log-rotation.ts";
import { ClientListener } from "./client-listener.ts";
import { startEmbedded } from "../embedded.ts";
import { shutDownWhenIdle } from "./idle-shutdown.ts";
import { handshakeOf } from "../stdio-proxy/handshake.ts";
import { admissionOf, refusalOf } from "./admission.ts";
import { readSettings } from "../settings.ts";

/** How long a daemon that can't start waits for the front that wants to know why, in milliseconds. */
const REFUSAL_MS = 5_000;

/** Serves the fronts of a data directory, without HTTP, until nobody needs it or another process takes over. */
export async function serveClients(
  directory: string,
  claimed: Disposable,
  environment: Environment,
): Promise<void> {
  const listener = ClientListener.open(directory);
  const own = handshakeOf(environment, "front");
  await runService({
    name: "loopgate",
    settings: () => readSettings(environment),
    refused: async (why) => {
      const told = Promise.withResolvers<void>();
      listener.receive(refusalOf(own, why, told.resolve));
      await withTimeout(told.promise, REFUSAL_MS, () => undefined);
    },
    start: async ({ settings, logger, metrics, parts }) => {
      process.chdir(directory);
      parts.use(claimed);
      parts.use(rotateLog(join(directory, "daemon.log")));
      const around = { directory, isForeground: false, environment, logger, metrics, parts };
      const embedded = await startEmbedded(settings, around);
      parts.use(listener);
      const finish = (why: string) => {
        // Whoever was sent away may not come in again.
        if (!listener.isOpen) return;
        logger.info(why);
        listener[Symbol.dispose]();
        process.kill(process.pid, "SIGTERM");
      };
      const handOver = () => finish("hands over to another Loopgate");
      listener.receive(admissionOf({ ...embedded, own, logger, handOver }));
      const { idleMs } = settings;
      parts.use(shutDownWhenIdle({ ...embedded, listener, idleMs }, () => finish("nobody needs it")));
      logger.info({ directory }, "ready");
    },
  });
}
