import { connectNatsBus } from "@loopgate/bus/nats";
import { RequestLog } from "@loopgate/requests";
import { busMetrics, runService } from "@loopgate/runtime";
import { webPolicy } from "@loopgate/settings/web";
import { readServiceSettings } from "./config/service-settings.ts";
import { inboxBuckets } from "./inbox.ts";
import { createInboxServer } from "./inbox-server.ts";

await runService({
  name: "inbox",
  settings: () => readServiceSettings(process.env),
  // Until the inbox itself can listen there. A port that the system picks is known only then.
  health: ({ listen: { host, port } }) => ({
    variable: "SERVER_PORT",
    host,
    port: port === 0 ? undefined : port,
    isStandIn: true,
  }),
  start: async ({ settings, logger, metrics, parts, health, stopping, fail }) => {
    const { nats, storage, responders, publicUrl, allowedHosts } = settings;
    const observer = busMetrics(metrics, logger);
    const bus = parts.use(
      await connectNatsBus({ ...nats, ...storage, observer, stopping, onLoginRefused: fail }),
    );
    const server = parts.use(
      await createInboxServer({
        requests: new RequestLog({ log: bus.log, ...storage, observer }),
        queries: bus.queries,
        buckets: await inboxBuckets(bus.keyValue),
        policy: webPolicy(responders),
        publicUrl,
        allowedHosts,
        signInHint: "ask the operator for a new link.",
        checks: [
          { name: "nats", required: true, check: () => bus.check() },
          { name: "log", required: false, check: () => bus.checkRoom() },
        ],
        logger,
        metrics,
      }),
    );
    await health[Symbol.asyncDispose]();
    logger.info({ address: await server.listen(settings.listen) }, "ready");
  },
});
