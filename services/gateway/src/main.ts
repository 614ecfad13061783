import { RequestLog } from "@loopgate/requests";
import { connectNatsBus } from "@loopgate/bus/nats";
import { busMetrics, runService, version } from "@loopgate/runtime";
import { readServiceSettings } from "./config/service-settings.ts";
import { createGateway } from "./gateway.ts";

await runService({
  name: "gateway",
  settings: () => readServiceSettings(process.env),
  // Until the gateway itself can listen there. A port that the system picks is known only then.
  health: ({ listen: { host, port } }) => ({
    variable: "SERVER_PORT",
    host,
    port: port === 0 ? undefined : port,
    isStandIn: true,
  }),
  start: async ({ settings, logger, metrics, parts, health, stopping, fail }) => {
    const { nats, storage } = settings;
    const observer = busMetrics(metrics, logger);
    const bus = parts.use(
      await connectNatsBus({ ...nats, ...storage, observer, stopping, onLoginRefused: fail }),
    );
    const gateway = parts.use(
      await createGateway({
        log: bus.log,
        requests: new RequestLog({ log: bus.log, ...storage, observer }),
        queries: bus.queries,
        sessions: await bus.keyValue.bucket("sessions"),
        departures: await bus.keyValue.bucket("departures"),
        policy: settings.policy,
        sessionChannels: settings.sessionChannels,
        settings: settings.gateway,
        checks: [
          { name: "nats", required: true, check: () => bus.check() },
          { name: "log", required: false, check: () => bus.checkRoom() },
        ],
        logger,
        metrics,
        version,
      }),
    );
    await health[Symbol.asyncDispose]();
    logger.info({ address: await gateway.listen(settings.listen) }, "ready");
  },
});
