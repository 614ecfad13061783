import { userInfo } from "node:os";
import { telegramPolicy, telegramRecipientFormat } from "@loopgate/settings/telegram";
import { webPolicy, webRecipientFormat } from "@loopgate/settings/web";
import { type RequestQueries } from "@loopgate/bus";
import { eitherPolicy, type RecipientPolicy } from "@loopgate/domain";
import {
  createInbox,
  createInboxServer,
  type Inbox,
  inboxBuckets,
  type InboxServer,
  ownerProfile,
} from "@loopgate/inbox";
import { RequestLog } from "@loopgate/requests";
import { openSqliteBus, type SqliteBus } from "@loopgate/bus/sqlite";
import { createGateway, type Gateway } from "@loopgate/gateway";
import { bucketsOf, connectTelegram, type Notifier, startNotifier } from "@loopgate/notifier";
import { busMetrics, type HealthCheck, type Logger, type Metrics, version } from "@loopgate/runtime";
import type { Environment } from "@loopgate/settings";
import { startState } from "@loopgate/state";
import { SqliteRequestStore } from "@loopgate/state/sqlite";
import { openDataDirectory } from "./data-directory.ts";
import { valueOf } from "./environment.ts";
import { RecipientStore } from "./recipient-store.ts";
import type { Settings } from "./settings.ts";

export interface Embedded {
  readonly gateway: Gateway;
  /** Absent if the settings switch it off. */
  readonly inbox: EmbeddedInbox | undefined;
  /** Whom the inbox asks, besides the recipients of each client. */
  readonly inboxPolicy: RecipientPolicy;
  readonly queries: RequestQueries;
  readonly bus: SqliteBus;
  readonly recipients: RecipientStore;
  /** Absent without a bot token. */
  readonly bot: { readonly id: string; readonly username: string } | undefined;
  /** The health of what the services depend on. */
  readonly checks: readonly HealthCheck[];
}

export interface EmbeddedInbox {
  /** Tells where the gateway listens that serves it. */
  isServedAt(url: string): void;
  /** A link that signs the owner in once. It is a secret. */
  newLink(): Promise<string>;
  /** What serves it in place of the gateway, if anything does. */
  readonly server: InboxServer | undefined;
}

export interface EmbeddedOptions {
  readonly settings: Settings;
  /** A data directory that this process has locked. */
  readonly directory: string;
  /** True for a process that an operator runs: its own recipients count, besides those of its clients. */
  readonly isForeground: boolean;
  readonly environment: Environment;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Gets all services, and closes them in reverse order: intake first, the database last. */
  readonly resources: AsyncDisposableStack;
}

/** Starts all services over one SQLite file. The gateway has no clients yet. */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const { settings, logger, metrics, resources } = options;
  const { policy, telegram, webhook, outageNoteMs } = settings;
  const { bus, requests, store, buckets, recipients, observer } = await openStorage(options);
  const { log, timers } = bus;
  const { queries } = resources.use(await startState({ log, timers, requests, store, logger, metrics }));
  const policies = () => recipients.policies.map(telegramPolicy);
  const inboxPolicy = webPolicy(settings.inbox.responders);
  const channel =
    telegram &&
    (await connectTelegram({
      api: telegram,
      webhook,
      log,
      queries,
      policies,
      buckets,
      logger,
      metrics,
      observer,
    }));
  const notifier =
    channel &&
    resources.use(
      await startNotifier({
        channel,
        log,
        requests,
        buckets,
        queries,
        policies,
        holder: "daemon",
        logger,
        metrics,
        outageNoteMs,
      }),
    );
  const { inbox, server } = await openInbox(options, { bus, requests, queries, policy: inboxPolicy });
  const checks = checksOf(bus, notifier);
  const gateway = resources.use(
    await createGateway({
      log,
      requests,
      queries,
      sessions: buckets.sessions,
      departures: await bus.keyValue.bucket("departures"),
      policy: eitherPolicy(telegramPolicy(policy), inboxPolicy),
      sessionChannels: [
        { format: telegramRecipientFormat, policy: telegramPolicy(policy) },
        { format: webRecipientFormat, policy: inboxPolicy },
      ],
      takesAnswers: channel && ((endpoint) => channel.takesAnswers(endpoint)),
      settings: settings.gateway,
      extension: server === undefined ? inbox : undefined,
      checks,
      logger,
      metrics,
      version,
    }),
  );
  const bot = channel && { id: channel.account, username: channel.username };
  return {
    gateway,
    inbox: inbox && {
      isServedAt: (url) => inbox.address.isServedAt(url),
      newLink: () => linkToInbox(inbox, options.environment),
      server,
    },
    inboxPolicy,
    queries,
    bus,
    recipients,
    bot,
    checks,
  };
}

async function openStorage(options: EmbeddedOptions) {
  const { settings, directory, isForeground, environment, logger, metrics, resources } = options;
  const { policy, storage } = settings;
  const { database: path } = resources.use(openDataDirectory(directory, policy.bot, environment));
  const observer = busMetrics(metrics, logger);
  const bus = resources.use(await openSqliteBus({ path, observer, ...storage }));
  const requests = new RequestLog({ log: bus.log, ...storage, observer });
  const store = await SqliteRequestStore.open(bus.database);
  const buckets = await bucketsOf(bus.keyValue);
  const recipients = await RecipientStore.open(bus.database, policy.bot, storage.retentionMs);
  if (isForeground) await recipients.save("serve", policy);
  return { bus, requests, store, buckets, recipients, observer };
}

interface InboxParts {
  readonly bus: SqliteBus;
  readonly requests: RequestLog;
  readonly queries: RequestQueries;
  readonly policy: RecipientPolicy;
}

/** The foreground process serves it on the gateway's port; a daemon, which has no such port, on one of its own. */
async function openInbox(
  { settings, isForeground, logger, metrics, resources }: EmbeddedOptions,
  { bus, requests, queries, policy }: InboxParts,
): Promise<{ readonly inbox?: Inbox; readonly server?: InboxServer }> {
  const { mode, publicUrl } = settings.inbox;
  if (mode === "off") return {};
  const options = {
    requests,
    queries,
    buckets: await inboxBuckets(bus.keyValue),
    policy: mode === "answer" ? policy : undefined,
    publicUrl,
    signInHint: "run ./loopgate open for a new link.",
    signInCommand: "./loopgate open",
    logger,
    metrics,
  };
  const agentsAskHere = settings.gateway.apiKeys === undefined ? "freely" : "with_key";
  if (isForeground) return { inbox: createInbox({ ...options, agentsAskHere }) };
  const server = resources.use(await createInboxServer({ ...options, allowedHosts: [], checks: [] }));
  return { inbox: server.inbox, server };
}

const linkToInbox = (inbox: Inbox, environment: Environment): Promise<string> =>
  inbox.newLink({ profile: ownerProfile(ownerName(environment)), auth: "local" });

/** How decisions name the owner of this machine's Loopgate. */
function ownerName(environment: Environment): string {
  const name = valueOf(environment, "USER");
  if (name !== undefined) return name;
  try {
    return userInfo().username;
  } catch {
    return "owner";
  }
}

function checksOf(bus: SqliteBus, notifier: Notifier | undefined): readonly HealthCheck[] {
  const store = { name: "store", required: true, check: () => bus.check() };
  // A full log still takes decisions.
  const room = { name: "log", required: false, check: () => bus.checkRoom() };
  if (notifier === undefined) return [store, room];
  return [store, room, { name: "telegram", required: false, check: () => notifier.check() }];
}
