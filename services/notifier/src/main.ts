import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { RequestLog } from "@loopgate/bus";
import { connectNatsBus } from "@loopgate/bus/nats";
import { busMetrics, runService, serveHealth } from "@loopgate/runtime";
import { bucketsOf } from "./buckets.ts";
import { startNotifier } from "./notifier.ts";
import { readServiceSettings } from "./service-settings.ts";

await runService({
  name: "notifier",
  settings: () => readServiceSettings(process.env),
  start: async ({ settings, logger, metrics, parts, stopping }) => {
    const { nats, policy, storage, telegram, webhook, outageNoteMs } = settings;
    const health = parts.use(await serveHealth(settings.healthPort, metrics));
    const observer = busMetrics(metrics, logger);
    const bus = parts.use(await connectNatsBus({ ...nats, ...storage, observer, stopping }));
    const notifier = parts.use(
      await startNotifier({
        log: bus.log,
        requests: new RequestLog({ log: bus.log, ...storage, observer }),
        ...(await bucketsOf(bus.keyValue)),
        queries: bus.queries,
        policies: () => [policy],
        telegram,
        webhook,
        outageNoteMs,
        holder: `${hostname()}.${randomUUID()}`,
        logger,
        metrics,
      }),
    );
    const checks = [
      { name: "nats", required: true, check: () => bus.check() },
      { name: "telegram", required: false, check: () => notifier.check() },
    ];
    parts.use(health.ready(checks));
    logger.info({ bot: notifier.bot.username }, "ready");
  },
});
