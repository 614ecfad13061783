import { telegramPolicy } from "@loopgate/settings/telegram";
import { type RequestQueries } from "@loopgate/bus";
import { RequestLog } from "@loopgate/requests";
import { openSqliteBus, type SqliteBus } from "@loopgate/bus/sqlite";
import { createGateway, type Gateway } from "@loopgate/gateway";
import { bucketsOf, connectTelegram, type Notifier, startNotifier } from "@loopgate/notifier";
import { busMetrics, type HealthCheck, type Logger, type Metrics, version } from "@loopgate/runtime";
import { type Environment } from "@loopgate/settings";
import { startState } from "@loopgate/state";
import { SqliteRequestStore } from "@loopgate/state/sqlite";
import { openDataDirectory } from "./data-directory.ts";
import { RecipientStore } from "./recipient-store.ts";
import type { Settings } from "./settings.ts";

export interface Embedded {
  readonly gateway: Gateway;
  readonly queries: RequestQueries;
  readonly bus: SqliteBus;
  readonly known: RecipientStore;
  /** Absent without a bot token. */
  readonly bot: { readonly id: string; readonly username: string } | undefined;
  /** What all of it depends on. */
  readonly checks: readonly HealthCheck[];
}

export interface EmbeddedParts {
  /** A data directory that this process has taken. */
  readonly directory: string;
  /** True for a process that an operator runs: its own recipients count, besides those of fronts. */
  readonly isForeground: boolean;
  readonly environment: Environment;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Gets every part, and closes them in reverse order: intake first, the file last. */
  readonly parts: AsyncDisposableStack;
}

/** Starts all services over one SQLite file. The gateway has no clients yet. */
export async function startEmbedded(
  settings: Settings,
  { directory, isForeground, environment, logger, metrics, parts }: EmbeddedParts,
): Promise<Embedded> {
  const { policy, storage, telegram, webhook, outageNoteMs } = settings;
  const { database: path } = parts.use(openDataDirectory(directory, policy.bot, environment));
  const observer = busMetrics(metrics, logger);
  const bus = parts.use(await openSqliteBus({ path, observer, ...storage }));
  const known = await RecipientStore.open(bus.database, policy.bot, storage.retentionMs);
  if (isForeground) await known.keep("serve", policy);
  const { log, timers } = bus;
  const requests = new RequestLog({ log, ...storage, observer });
  const store = await SqliteRequestStore.open(bus.database);
  const { queries } = parts.use(await startState({ log, timers, requests, store, logger, metrics }));
  const policies = () => known.policies.map(telegramPolicy);
  const buckets = await bucketsOf(bus.keyValue);
  const around = { log, queries, buckets, policies, logger, metrics };
  const channel = telegram && (await connectTelegram({ ...around, api: telegram, webhook }));
  const notifier =
    channel &&
    parts.use(await startNotifier({ ...around, channel, requests, outageNoteMs, holder: "daemon" }));
  const checks = checksOf(bus, notifier);
  const gateway = parts.use(
    await createGateway({
      log,
      requests,
      queries,
      sessions: buckets.sessions,
      policy: telegramPolicy(policy),
      settings: settings.gateway,
      checks,
      logger,
      metrics,
      version,
    }),
  );
  return {
    gateway,
    queries,
    bus,
    known,
    bot: channel && { id: channel.account, username: channel.username },
    checks,
  };
}

function checksOf({ database }: SqliteBus, notifier: Notifier | undefined): readonly HealthCheck[] {
  const store: HealthCheck = {
    name: "store",
    required: true,
    check: async () => void database.read((db) => db.prepare("SELECT 1").get()),
  };
  if (notifier === undefined) return [store];
  return [store, { name: "telegram", required: false, check: () => notifier.check() }];
}
