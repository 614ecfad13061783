import { RequestLog } from "@loopgate/requests";
import { connectNatsBus } from "@loopgate/bus/nats";
import { busMetrics, runService } from "@loopgate/runtime";
import { startState } from "./state.ts";
import { readServiceSettings } from "./service-settings.ts";
import { mongoOptions } from "./store/mongo-log.ts";
import { MongoRequestStore } from "./store/mongo.ts";

await runService({
  name: "state",
  settings: () => readServiceSettings(process.env),
  health: ({ healthPort }) => ({ variable: "HEALTH_PORT", port: healthPort }),
  start: async ({ settings, logger, metrics, parts, health, stopping, fail }) => {
    const { nats, storage } = settings;
    const observer = busMetrics(metrics, logger);
    const bus = parts.use(
      await connectNatsBus({ ...nats, ...storage, observer, stopping, onLoginRefused: fail }),
    );
    const store = parts.use(await MongoRequestStore.open(settings.mongo, mongoOptions(logger, fail)));
    const { log, timers } = bus;
    const requests = new RequestLog({ log, ...storage, observer });
    const state = parts.use(await startState({ log, timers, requests, store, logger, metrics }));
    parts.use(await bus.serve(state.queries, (error) => logger.error({ err: error }, "a query failed")));
    const checks = [
      { name: "nats", required: true, check: () => bus.check() },
      { name: "log", required: false, check: () => bus.checkRoom() },
      { name: "mongodb", required: true, check: () => store.check() },
    ];
    parts.use(health.ready(checks));
    logger.info("ready");
  },
});
