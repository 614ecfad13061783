import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { type CreatedEvent, type DecidedEvent, type LogEntry, refOf } from "@loopgate/contracts";
import {
  telegramEndpoint,
  telegramPolicy,
  type TelegramRecipients,
  telegramResponder,
} from "@loopgate/settings/telegram";
import { type Bucket, type EventLog, type RequestQueries, Unavailable } from "@loopgate/bus";
import { RequestLog } from "@loopgate/requests";
import { openSqliteBus, type SqliteBus } from "@loopgate/bus/sqlite";
import { cancellation, createdOf, expiry, decisionOf } from "@loopgate/domain";
import { createLogger, createMetrics, type Metrics } from "@loopgate/runtime";
import { FakeTelegram, type ShownMessage } from "@loopgate/testing";
import { aQuestion } from "@loopgate/testing/builders";
import { afterEach, beforeEach, expect } from "vitest";
import { startProjection } from "../../../state/src/projection/projection.ts";
import { StateQueries } from "../../../state/src/queries/state-queries.ts";
import { SqliteRequestStore } from "../../../state/src/store/sqlite.ts";
import { connectTelegram, type Notifier, startNotifier, type TelegramOptions } from "../../src/index.ts";

export const token = "4200000001:AAnotifierTestToken_0123456789abcdefgh";
export const bot = "4200000001";
export const webhookSecret = "webhook_secret-0123456789";
const retentionMs = 90 * 86_400_000;

/** What of the secrets of these tests stands in log lines: the token's secret part, and what people are asked. */
export const leaksIn = (lines: readonly string[]): string[] =>
  [token.slice(11), encodeURIComponent(token), webhookSecret, "secret question"].filter((secret) =>
    lines.some((line) => line.includes(secret)),
  );

export interface AskOptions {
  readonly id?: string;
  readonly message?: string;
  readonly options?: readonly string[];
  /** Where it is asked: a chat, who may answer there, and its topic, if it is to stand in one. */
  readonly chats?: readonly (readonly [chat: number, people: readonly number[], thread?: number])[];
  readonly metadata?: Record<string, unknown>;
  readonly timeoutMs?: number;
  readonly session?: string;
}

export interface SettingOptions {
  /** How long a lease lives. */
  readonly leaseMs?: number;
  /** After so long without a sign of life the chats are told. */
  readonly outageNoteMs?: number;
}

/** A notifier of one bot. */
export interface TestNotifier extends Notifier {
  readonly bot: { readonly id: string; readonly username: string };
}

/** A notifier over a real bus and a Telegram, for every test of a file anew. */
export class NotifierSetting {
  telegram!: FakeTelegram;
  bus!: SqliteBus;
  requests!: RequestLog;
  /** What `state` answers; without its timers, so that the tests end questions themselves. */
  queries!: RequestQueries;
  /** Alice (7) and Bob (8) may answer in groups; every chat may be asked. */
  policy: TelegramRecipients = { bot, responders: ["7", "8"], allowedChats: [] };
  readonly logged: string[] = [];
  /** Of the notifier that was started last. */
  metrics: Metrics = createMetrics();
  /** Set: appends to subjects that it names fail, once it says so, as if the log did not answer. */
  refusesAppend: (subject: string) => boolean | Promise<boolean> = () => false;
  /** So many looks at the lease fail as if the store did not answer. */
  refusesLease = 0;
  /** Lists fail as if no `state` served. */
  refusesQueries = false;
  /** How many lists were asked for. */
  lists = 0;
  /** Consumers that were told to stop. */
  readonly stopped: string[] = [];
  /** Consumers whose names begin with this can't start. */
  refusesConsumer: string | undefined;
  /** How far the notifier's clock is ahead of the log's, in milliseconds. */
  clockOffsetMs = 0;
  readonly #leaseMs: number;
  readonly #outageNoteMs: number | undefined;
  #directory = "";
  #running = new AsyncDisposableStack();

  constructor({ leaseMs = 15_000, outageNoteMs }: SettingOptions) {
    this.#leaseMs = leaseMs;
    this.#outageNoteMs = outageNoteMs;
  }

  static use(options: SettingOptions = {}): NotifierSetting {
    const setting = new NotifierSetting(options);
    beforeEach(async () => {
      setting.telegram = await FakeTelegram.start(token);
      setting.#directory = await mkdtemp(join(tmpdir(), "loopgate-notifier-"));
      setting.policy = { bot, responders: ["7", "8"], allowedChats: [] };
      setting.logged.length = 0;
      setting.stopped.length = 0;
      setting.refusesAppend = () => false;
      setting.refusesLease = 0;
      setting.refusesQueries = false;
      setting.lists = 0;
      setting.refusesConsumer = undefined;
      setting.clockOffsetMs = 0;
      await setting.open();
    });
    afterEach(async () => {
      await setting.close();
      await setting.telegram[Symbol.asyncDispose]();
      await rm(setting.#directory, { recursive: true });
      expect(leaksIn(setting.logged)).toEqual([]);
    });
    return setting;
  }

  async open(): Promise<void> {
    this.#running = new AsyncDisposableStack();
    const lifetimes = { copies: retentionMs, leases: this.#leaseMs };
    const path = join(this.#directory, "loopgate.db");
    this.bus = this.#running.use(await openSqliteBus({ path, lifetimes, retentionMs, backOffMs: [50, 100] }));
    this.requests = new RequestLog({ log: this.bus.log, retentionMs });
    const store = await SqliteRequestStore.open(this.bus.database);
    const projection = this.#running.use(await startProjection(this.bus.log, store));
    this.queries = new StateQueries({
      requests: this.requests,
      projection,
      store,
      logger: this.logger(),
      now: () => new Date(),
    });
  }

  /** Starts a notifier; it ends with the setting. */
  async start(holder = "test", webhook?: TelegramOptions["webhook"]): Promise<TestNotifier> {
    const { keyValue } = this.bus;
    const log = this.#log();
    this.metrics = createMetrics();
    const around = {
      log,
      queries: this.#queries(),
      buckets: {
        copies: await keyValue.bucket("copies"),
        leases: this.#leases(await keyValue.bucket("leases")),
        sessions: await keyValue.bucket("sessions"),
        channels: await keyValue.bucket("channels"),
      },
      policies: () => [telegramPolicy(this.policy)],
      logger: this.logger(),
      metrics: this.metrics,
    };
    const api = { token, apiRoot: this.telegram.apiRoot, callSeconds: 2 };
    const channel = await connectTelegram({ ...around, api, webhook });
    const notifier = await startNotifier({
      ...around,
      channel,
      requests: new RequestLog({ log, retentionMs }),
      leaseMs: this.#leaseMs,
      outageNoteMs: this.#outageNoteMs,
      holder,
      now: () => new Date(Date.now() + this.clockOffsetMs),
    });
    this.#running.use(notifier);
    const bot = { id: channel.account, username: channel.username };
    return {
      bot,
      check: () => notifier.check(),
      [Symbol.asyncDispose]: () => notifier[Symbol.asyncDispose](),
    };
  }

  /** Ends everything that runs, in order. */
  async close(): Promise<void> {
    await this.#running.disposeAsync();
  }

  /** Puts a question into the log, as a gateway would. */
  async ask({
    id,
    message = "secret question",
    options = ["Approve", "Deny"],
    chats = [[7, [7]]],
    metadata,
    timeoutMs = 600_000,
    session = "s",
  }: AskOptions = {}): Promise<LogEntry<CreatedEvent>> {
    const question = aQuestion({
      id,
      session,
      client: "deploy-bot",
      message,
      options,
      metadata,
      timeoutMs,
      recipients: chats.map(([chat, people, thread]) => ({
        channel: "telegram",
        endpoint: telegramEndpoint({
          bot,
          chat: String(chat),
          ...(thread === undefined ? {} : { thread: String(thread) }),
        }),
        responders: people.map(telegramResponder),
      })),
    });
    await this.requests.submit(question);
    return (await this.requests.created(refOf(question)))!;
  }

  /** A question that stands in its chat, and whose time is over this moment by the notifier's clock: it was far behind until then. */
  async askUntilItEnds(): Promise<readonly [LogEntry<CreatedEvent>, ShownMessage]> {
    this.clockOffsetMs = -3_600_000;
    const created = await this.ask({ timeoutMs: 0 });
    const message = await this.message();
    this.clockOffsetMs = Date.parse(created.event.data.expires_at) - Date.now();
    return [created, message];
  }

  async cancel(created: LogEntry<CreatedEvent>, reason = "no longer needed"): Promise<void> {
    await this.requests.decide(refOf(created.event), () => ({
      decide: cancellation(created.event, "cancel.test", new Date(), reason),
    }));
  }

  /** Appends what the end of its time makes of a question, as `state` would. */
  async expire(created: LogEntry<CreatedEvent>): Promise<void> {
    await this.requests.decide(refOf(created.event), () => ({ decide: expiry(created.event, new Date()) }));
  }

  /** What the log holds of a question now. */
  async set(created: LogEntry<CreatedEvent>) {
    return await this.requests.read({ tenant: "default", id: created.event.subject });
  }

  async decision(created: LogEntry<CreatedEvent>): Promise<DecidedEvent["data"] | undefined> {
    const set = await this.set(created);
    expect(createdOf(set)).toBeDefined();
    return decisionOf(set)?.event.data;
  }

  /** The decision, once there is one. */
  async decided(created: LogEntry<CreatedEvent>): Promise<DecidedEvent["data"]> {
    await expect.poll(() => this.decision(created)).toBeDefined();
    return (await this.decision(created))!;
  }

  /** The n-th message in a chat, once it is there. */
  async message(chat = 7, n = 0): Promise<ShownMessage> {
    await expect.poll(() => this.telegram.messagesIn(chat).length).toBeGreaterThan(n);
    return this.telegram.messagesIn(chat)[n]!;
  }

  /** What a person was told about a press. */
  async told(query: string): Promise<string> {
    const find = () => this.telegram.answers.find((answer) => answer.query === query);
    await expect.poll(find).toBeDefined();
    return find()!.text;
  }

  /** The real queries, which can be made to fail. */
  #queries(): RequestQueries {
    const reach = () => {
      if (this.refusesQueries) throw new Unavailable("nobody serves");
      return this.queries;
    };
    return {
      status: async (query) => reach().status(query),
      list: async (query) => {
        this.lists += 1;
        return reach().list(query);
      },
      cancel: async (command) => reach().cancel(command),
    };
  }

  /** Writes into {@link logged}. */
  logger() {
    const write = (chunk: Buffer, _: string, done: () => void) => (
      this.logged.push(chunk.toString()),
      done()
    );
    return createLogger("notifier-test", "trace", new Writable({ write }));
  }

  /** The real log, whose appends can be made to fail, as a cluster may show it: without what came after that which has to be seen. */
  #log(): EventLog {
    const { log } = this.bus;
    return {
      append: async (subject, event, options) => {
        if (await this.refusesAppend(subject)) throw new Unavailable("the log does not answer");
        return log.append(subject, event, options);
      },
      last: (subject) => log.last(subject),
      newest: (prefix) => log.newest(prefix),
      below: async (prefix, atLeast = Infinity) =>
        (await log.below(prefix)).filter(({ seq }) => seq <= atLeast),
      replay: (filter) => log.replay(filter),
      consume: async (consumer, handle) => {
        const isRefused = consumer.name.startsWith(this.refusesConsumer ?? "none");
        if (isRefused) throw new Unavailable("the log does not answer");
        const consumption = await log.consume(consumer, handle);
        return {
          waitForCatchUp: (withinMs) => consumption.waitForCatchUp(withinMs),
          [Symbol.asyncDispose]: () => {
            this.stopped.push(consumer.name);
            return consumption[Symbol.asyncDispose]();
          },
        };
      },
      tail: (filters, listener) => log.tail(filters, listener),
    };
  }

  /** The real bucket, whose reads can be made to fail. */
  #leases(bucket: Bucket): Bucket {
    return {
      get: async (key) => {
        if (this.refusesLease > 0) {
          this.refusesLease -= 1;
          throw new Unavailable("the store does not answer");
        }
        return bucket.get(key);
      },
      create: (key, value) => bucket.create(key, value),
      update: (key, value, revision) => bucket.update(key, value, revision),
      delete: (key, revision) => bucket.delete(key, revision),
    };
  }
}
