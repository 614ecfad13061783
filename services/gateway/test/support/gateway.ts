import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EventLog, RequestQueries } from "@loopgate/bus";
import { RequestLog } from "@loopgate/requests";
import type { WebExtension } from "@loopgate/rest";
import { openSqliteBus, type SqliteBus, SqliteDatabase } from "@loopgate/bus/sqlite";
import {
  telegramPolicy,
  telegramRecipientFormat,
  type TelegramRecipients,
} from "@loopgate/settings/telegram";
import { createLogger, createMetrics, type HealthCheck, type Logger } from "@loopgate/runtime";
import { startTestState } from "@loopgate/state/testing";
import { failingQueries, laggingLog } from "@loopgate/testing/faults";
import { createGateway, type Gateway, type GatewaySettings } from "../../src/index.ts";

const RETENTION_MS = 90 * 86_400_000;

/** One person's chat, asked by default. */
export const onePerson: TelegramRecipients = {
  bot: "42",
  defaultChat: "7",
  responders: [],
  allowedChats: [],
};

export const settings: GatewaySettings = {
  defaultTimeoutSeconds: 300,
  minTimeoutSeconds: 10,
  maxTimeoutSeconds: 2_592_000,
  maxWaitSeconds: 50,
  allowedHosts: [],
};

export interface TestGateway extends AsyncDisposable {
  readonly url: string;
  readonly gateway: Gateway;
  readonly bus: SqliteBus;
  readonly requests: RequestLog;
  /** Queries that reach `state` even while the gateway's link to it is cut. */
  readonly queries: RequestQueries;
  /** The link to `state`. While it is cut, queries fail as if the service were stopped. */
  readonly state: { isReachable: boolean };
  /** Closes the store's database: `state` continues with only the log. */
  closeStore(): Promise<void>;
}

export interface TestGatewayOptions {
  readonly policy?: Partial<TelegramRecipients>;
  readonly settings?: Partial<GatewaySettings>;
  readonly takesAnswers?: ((endpoint: string) => Promise<boolean>) | undefined;
  readonly extension?: WebExtension;
  readonly checks?: readonly HealthCheck[];
  readonly logger?: Logger;
  readonly host?: string;
  /** Wraps the log to inject a fault. */
  readonly faulty?: (log: EventLog) => EventLog;
  /** The clock for the log's retention. */
  readonly now?: () => Date;
}

/** The gateway over the embedded adapters and the real state service, on a free port. */
export async function startGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const parts = new AsyncDisposableStack();
  const { logger = createLogger("test", "silent"), checks = [], now = () => new Date() } = options;
  const metrics = createMetrics();
  const directory = await mkdtemp(join(tmpdir(), "loopgate-gateway-"));
  parts.defer(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
  const lifetimes = { sessions: undefined, copies: RETENTION_MS, leases: 15_000 };
  const path = join(directory, "bus.db");
  const bus = parts.use(await openSqliteBus({ path, lifetimes, retentionMs: RETENTION_MS }));
  const { timers, keyValue } = bus;
  const log = laggingLog(bus.log);
  const requests = new RequestLog({ log, retentionMs: RETENTION_MS, now });
  const database = parts.use(SqliteDatabase.open(join(directory, "store.db")));
  const service = parts.use(await startTestState({ log, timers, requests, database, logger, metrics }));
  const state = { isReachable: true };
  const reached = options.faulty?.(log) ?? log;
  const policy = telegramPolicy({ ...onePerson, ...options.policy });
  const gateway = parts.use(
    await createGateway({
      log: reached,
      requests: new RequestLog({ log: reached, retentionMs: RETENTION_MS, now }),
      queries: failingQueries(service.queries, () => !state.isReachable),
      sessions: await keyValue.bucket("sessions"),
      departures: await keyValue.bucket("departures"),
      policy,
      sessionChannels: [{ format: telegramRecipientFormat, policy }],
      takesAnswers: options.takesAnswers,
      settings: { ...settings, ...options.settings },
      extension: options.extension,
      checks,
      logger,
      metrics,
      version: "1.2.3",
    }),
  );
  const url = await gateway.listen({ host: options.host ?? "127.0.0.1", port: 0 });
  return {
    url,
    gateway,
    bus,
    requests,
    queries: service.queries,
    state,
    closeStore: () => database[Symbol.asyncDispose](),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}
