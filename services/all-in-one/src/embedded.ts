import { lifetimesFor, RequestLog, type RequestQueries } from "@loopgate/bus";
import { openSqliteBus, type SqliteBus } from "@loopgate/bus/sqlite";
import { createGateway } from "@loopgate/gateway";
import { type Notifier, startNotifier } from "@loopgate/notifier";
import {
  busMetrics,
  type Environment,
  type HealthCheck,
  type Logger,
  type Metrics,
  version,
} from "@loopgate/runtime";
import { startState } from "@loopgate/state";
import { SqliteRequestStore } from "@loopgate/state/sqlite";
import { openDataDirectory } from "./data-directory.ts";
import type { Settings } from "./settings.ts";

export interface Embedded {
  /** Where the gateway listens: `http://<host>:<port>`. */
  readonly address: string;
  readonly directory: string;
  /** The bot's user name; absent without a bot token. */
  readonly bot: string | undefined;
}

export interface EmbeddedParts {
  readonly environment: Environment;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Gets every part, and closes them in reverse order: intake first, the file last. */
  readonly parts: AsyncDisposableStack;
}

/** Starts all services over one SQLite file and serves HTTP. */
export async function startEmbedded(
  settings: Settings,
  { environment, logger, metrics, parts }: EmbeddedParts,
): Promise<Embedded> {
  const { policy, storage } = settings;
  const directory = parts.use(openDataDirectory(settings.dataDirectory, policy.bot, environment));
  const lifetimes = lifetimesFor(storage.retentionMs);
  const observer = busMetrics(metrics, logger);
  const bus = parts.use(await openSqliteBus({ path: directory.database, lifetimes, observer, ...storage }));
  const { log, timers, keyValue } = bus;
  const requests = new RequestLog({ log, ...storage, observer });
  const store = await SqliteRequestStore.open(bus.database);
  const { queries } = parts.use(await startState({ log, timers, requests, store, logger, metrics }));
  const notifier = await startTelegram(settings, bus, requests, queries, logger);
  if (notifier !== undefined) parts.use(notifier);
  const gateway = parts.use(
    await createGateway({
      log,
      requests,
      queries,
      sessions: await keyValue.bucket("sessions"),
      policy,
      settings: settings.gateway,
      checks: checksOf(bus, notifier),
      logger,
      metrics,
      version,
    }),
  );
  const address = await gateway.listen(settings.listen);
  return { address, directory: directory.path, bot: notifier?.bot.username };
}

async function startTelegram(
  { telegram, webhook, outageNoteMs, policy }: Settings,
  { log, keyValue }: SqliteBus,
  requests: RequestLog,
  queries: RequestQueries,
  logger: Logger,
): Promise<Notifier | undefined> {
  if (telegram === undefined) return undefined;
  return startNotifier({
    log,
    requests,
    copies: await keyValue.bucket("copies"),
    leases: await keyValue.bucket("leases"),
    sessions: await keyValue.bucket("sessions"),
    channels: await keyValue.bucket("channels"),
    queries,
    policies: () => [policy],
    telegram,
    webhook,
    outageNoteMs,
    holder: "daemon",
    logger,
  });
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
