import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import type { CreatedEvent, LogEntry } from "@loopgate/contracts";
import { telegramPolicy, type TelegramRecipients } from "@loopgate/settings/telegram";
import type { EventLog, RequestQueries } from "@loopgate/bus";
import { RequestLog } from "@loopgate/requests";
import { openSqliteBus, type SqliteBus } from "@loopgate/bus/sqlite";
import { createLogger, createMetrics } from "@loopgate/runtime";
import { startTestState } from "@loopgate/state/testing";
import { FakeTelegram, type ShownMessage } from "@loopgate/testing";
import { laggingLog } from "@loopgate/testing/faults";
import { expect, onTestFinished } from "vitest";
import {
  bucketsOf,
  connectTelegram,
  type Notifier,
  startNotifier,
  type TelegramOptions,
} from "../../src/index.ts";
import { Conversations } from "./conversations.ts";
import { Faults } from "./faults.ts";
import { bot, leaksIn, token } from "./secrets.ts";

const retentionMs = 90 * 86_400_000;

export interface FixtureOptions {
  /** How long a lease lives. */
  readonly leaseMs?: number;
  /** After this long without contact the chats are told. */
  readonly outageNoteMs?: number;
}

/** A notifier of one bot. */
export interface TestNotifier extends Notifier {
  readonly bot: { readonly id: string; readonly username: string };
}

/** Opens what a notifier needs, until the end of the test: a bus, `state` and a Telegram. */
export async function openFixture(options: FixtureOptions = {}): Promise<NotifierFixture> {
  const directory = await mkdtemp(join(tmpdir(), "loopgate-notifier-"));
  const fixture = new NotifierFixture(await FakeTelegram.start(token), directory, options);
  onTestFinished(async () => {
    await fixture.close();
    await fixture.telegram[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
    expect(leaksIn(fixture.logged)).toEqual([]);
  });
  await fixture.open();
  return fixture;
}

export class NotifierFixture extends Conversations {
  bus!: SqliteBus;
  requests!: RequestLog;
  /** What `state` answers. Its timers do not run: the tests end questions themselves. */
  queries!: RequestQueries;
  /** Alice (7) and Bob (8) may answer in groups; every chat may be asked. */
  policy: TelegramRecipients = { bot, responders: ["7", "8"], allowedChats: [] };
  /** Of the notifier that was started last. */
  metrics = createMetrics();
  readonly logged: string[] = [];
  readonly telegram: FakeTelegram;
  /** The file of the bot token, for the notifiers that start from now on. */
  tokenFile: string | undefined;
  /** Why notifiers could not go on with their bot. */
  readonly refusals: string[] = [];
  /** How often a list was asked for. */
  lists = 0;
  /** How far the notifier's clock is ahead of the log's, in milliseconds. */
  clockOffsetMs = 0;
  /** Which calls get no answer. */
  readonly faults = new Faults();
  /** Wraps the log of the notifiers that start from now on. */
  wrapLog = (log: EventLog): EventLog => log;
  readonly #directory: string;
  readonly #leaseMs: number;
  readonly #outageNoteMs: number | undefined;
  #running = new AsyncDisposableStack();

  constructor(telegram: FakeTelegram, directory: string, { leaseMs = 15_000, outageNoteMs }: FixtureOptions) {
    super();
    this.telegram = telegram;
    this.#directory = directory;
    this.#leaseMs = leaseMs;
    this.#outageNoteMs = outageNoteMs;
  }

  async open(): Promise<void> {
    this.#running = new AsyncDisposableStack();
    const lifetimes = { copies: retentionMs, leases: this.#leaseMs };
    const path = join(this.#directory, "loopgate.db");
    this.bus = this.#running.use(await openSqliteBus({ path, lifetimes, retentionMs, backOffMs: [50, 100] }));
    const { log, database } = this.bus;
    this.requests = new RequestLog({ log, retentionMs });
    const state = await startTestState({ log, requests: this.requests, database, logger: this.logger() });
    this.queries = this.#running.use(state).queries;
  }

  /** Ends everything that runs, in order. */
  close(): Promise<void> {
    return this.#running.disposeAsync();
  }

  /** Starts a notifier; it ends with the fixture. */
  async start(holder = "test", webhook?: TelegramOptions["webhook"]): Promise<TestNotifier> {
    const buckets = await bucketsOf(this.bus.keyValue);
    const log = this.faults.ofLog(this.wrapLog(laggingLog(this.bus.log)));
    this.metrics = createMetrics();
    const common = {
      log,
      queries: this.#queries(),
      buckets: { ...buckets, leases: this.faults.ofLeases(buckets.leases) },
      policies: () => [telegramPolicy(this.policy)],
      logger: this.logger(),
      metrics: this.metrics,
    };
    const api = { token, tokenFile: this.tokenFile, apiRoot: this.telegram.apiRoot, callSeconds: 2 };
    const onRefused = ({ message }: Error) => void this.refusals.push(message);
    const channel = await connectTelegram({ ...common, api, webhook, onRefused });
    const notifier = await startNotifier({
      ...common,
      channel,
      requests: new RequestLog({ log, retentionMs }),
      leaseMs: this.#leaseMs,
      outageNoteMs: this.#outageNoteMs,
      holder,
      now: () => new Date(Date.now() + this.clockOffsetMs),
    });
    const bot = { id: channel.account, username: channel.username };
    return Object.assign(this.#running.use(notifier), { bot });
  }

  /** A question that its chat shows. Its time ends this moment by the notifier's clock, which was far behind until then. */
  async askUntilItEnds(): Promise<readonly [LogEntry<CreatedEvent>, ShownMessage]> {
    this.clockOffsetMs = -3_600_000;
    const created = await this.ask({ timeoutMs: 0 });
    const message = await this.message();
    this.clockOffsetMs = Date.parse(created.event.data.expires_at) - Date.now();
    return [created, message];
  }

  /** Writes into {@link logged}. */
  logger() {
    const write = (line: Buffer, _: string, done: () => void) => (this.logged.push(line.toString()), done());
    return createLogger("notifier-test", "trace", new Writable({ write }));
  }

  #queries(): RequestQueries {
    const queries = this.faults.ofQueries(this.queries);
    return { ...queries, list: (query) => ((this.lists += 1), queries.list(query)) };
  }
}
