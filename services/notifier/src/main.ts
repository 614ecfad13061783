import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { RequestLog } from "@loopgate/requests";
import { connectNatsBus } from "@loopgate/bus/nats";
import { busMetrics, runService } from "@loopgate/runtime";
import { bucketsOf } from "./buckets.ts";
import { connectTelegram } from "./channels/telegram/telegram-channel.ts";
import { startNotifier } from "./notifier.ts";
import { readServiceSettings } from "./service-settings.ts";

await runService({
  name: "notifier",
  settings: () => readServiceSettings(process.env),
  health: ({ healthPort }) => ({ variable: "HEALTH_PORT", port: healthPort }),
  start: async ({ settings, logger, metrics, parts, health, stopping, fail }) => {
    const { nats, policy, storage, telegram, webhook, outageNoteMs } = settings;
    const observer = busMetrics(metrics, logger);
    const bus = parts.use(
      await connectNatsBus({ ...nats, ...storage, observer, stopping, onLoginRefused: fail }),
    );
    const { queries, log } = bus;
    const requests = new RequestLog({ log, ...storage, observer });
    const buckets = await bucketsOf(bus.keyValue);
    const policies = () => [policy];
    const shared = { log, queries, buckets, policies, logger, metrics, observer };
    const channel = await connectTelegram({ ...shared, api: telegram, webhook, onRefused: fail });
    const holder = `${hostname()}.${randomUUID()}`;
    const notifier = parts.use(await startNotifier({ ...shared, channel, requests, outageNoteMs, holder }));
    const checks = [
      { name: "nats", required: true, check: () => bus.check() },
      { name: "log", required: false, check: () => bus.checkRoom() },
      { name: "telegram", required: false, check: () => notifier.check() },
    ];
    parts.use(health.ready(checks));
    logger.info({ bot: channel.username }, "ready");
  },
});
