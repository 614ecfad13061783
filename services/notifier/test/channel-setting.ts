import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { deadLetters, type EventLog, Unavailable } from "@loopgate/bus";
import { openSqliteBus, type SqliteBus } from "@loopgate/bus/sqlite";
import { type CreatedEvent, refOf } from "@loopgate/contracts";
import { cancellation, decisionOf, expiry } from "@loopgate/domain";
import { RequestLog } from "@loopgate/requests";
import { createLogger, createMetrics } from "@loopgate/runtime";
import { startState, type StateService } from "@loopgate/state";
import { SqliteRequestStore } from "@loopgate/state/sqlite";
import { aQuestion } from "@loopgate/testing/builders";
import { replacedLog, smallLog } from "@loopgate/testing/faults";
import { afterEach, beforeEach, expect } from "vitest";
import { bucketsOf, type Notifier, startNotifier } from "../src/index.ts";
import type { ChannelUnderTest, Person, Place, ShownCopy } from "./channel-under-test.ts";

const retentionMs = 90 * 86_400_000;
const outageNoteMs = 2_000;
/** How long a lease lives without renewal, in milliseconds. */
export const leaseMs = 4_000;

type Fault = "before" | "after" | undefined;

interface QuestionOptions {
  readonly client?: string;
  readonly message?: string;
  /** Without labels, the answer is typed. */
  readonly labels?: readonly string[];
  readonly places?: readonly Place[];
  readonly responders?: readonly Person[];
}

/** Notifiers of one account over a real log, with a new channel for each test. */
export class ChannelSetting {
  channel!: ChannelUnderTest;
  requests!: RequestLog;
  /** Whether a notifier's append fails, as when the log does not answer: `after` the event was stored all the same. */
  failsAppend: (subject: string, holder: string) => Fault | Promise<Fault> = () => undefined;
  /** The size of the largest event that the log takes from notifiers, in bytes. */
  maxEventBytes = Infinity;
  /** Holds up a notifier's read of a request. */
  beforeRead: (prefix: string) => Promise<void> | undefined = () => undefined;
  /** How far the notifiers' clock is ahead, in milliseconds. */
  clockOffsetMs = 0;
  #bus!: SqliteBus;
  #state!: StateService;
  #directory = "";
  #running = new AsyncDisposableStack();

  static use(open: () => Promise<ChannelUnderTest>): ChannelSetting {
    const setting = new ChannelSetting();
    beforeEach(async () => {
      setting.channel = await open();
      setting.failsAppend = () => undefined;
      setting.maxEventBytes = Infinity;
      setting.beforeRead = () => undefined;
      setting.clockOffsetMs = 0;
      setting.#directory = await mkdtemp(join(tmpdir(), "loopgate-channel-"));
      await setting.#open();
    });
    afterEach(async () => {
      await setting.#running.disposeAsync();
      await setting.channel[Symbol.asyncDispose]();
      await rm(setting.#directory, { recursive: true });
    });
    return setting;
  }

  async #open(): Promise<void> {
    this.#running = new AsyncDisposableStack();
    const path = join(this.#directory, "loopgate.db");
    const lifetimes = { copies: retentionMs, leases: leaseMs };
    this.#bus = this.#running.use(
      await openSqliteBus({ path, lifetimes, retentionMs, backOffMs: [50, 100] }),
    );
    const { log, timers, database } = this.#bus;
    this.requests = new RequestLog({ log, retentionMs });
    const store = await SqliteRequestStore.open(database);
    const { requests } = this;
    this.#state = this.#running.use(
      await startState({ log, timers, requests, store, logger: silent(), metrics: createMetrics() }),
    );
  }

  /** Starts a notifier; it ends with the setting. */
  async start(holder = "one"): Promise<Notifier> {
    const log = this.#failingLog(holder);
    const surroundings = {
      log,
      queries: this.#state.queries,
      buckets: await bucketsOf(this.#bus.keyValue),
      policies: () => [this.channel.policy],
      logger: silent(),
      metrics: createMetrics(),
    };
    const notifier = await startNotifier({
      ...surroundings,
      channel: await this.channel.connect(surroundings),
      requests: new RequestLog({ log, retentionMs }),
      holder,
      leaseMs,
      outageNoteMs,
      now: () => new Date(Date.now() + this.clockOffsetMs),
    });
    return this.#running.use(notifier);
  }

  /** Ends every notifier, as at the end of a process. */
  async stop(): Promise<void> {
    await this.#running.disposeAsync();
    await this.#open();
  }

  /** Puts a question into the log, as a gateway would. */
  async ask({
    client = "deploy-bot",
    message = "Restart orders-prod?",
    labels = ["Approve", "Deny"],
    places = ["alice"],
    responders = ["alice", "bob"],
  }: QuestionOptions = {}): Promise<CreatedEvent> {
    const event = aQuestion({
      client,
      message,
      options: labels,
      recipients: places.map((place) =>
        this.channel.recipientAt(place, place === "alice" ? ["alice"] : responders),
      ),
      timeoutMs: 600_000,
    });
    await this.requests.submit(event);
    return event;
  }

  async cancel(created: CreatedEvent): Promise<void> {
    await this.requests.decide(refOf(created), () => ({
      decide: cancellation(created, "test", new Date(), "no longer needed"),
    }));
  }

  async expire(created: CreatedEvent): Promise<void> {
    await this.requests.decide(refOf(created), () => ({ decide: expiry(created, new Date()) }));
  }

  /** What the log holds of a question. */
  set(created: CreatedEvent) {
    return this.requests.read(refOf(created));
  }

  async decision(created: CreatedEvent) {
    return decisionOf(await this.set(created))?.event.data;
  }

  /** What was given up, as an operator sees it. */
  async deadLetters() {
    const letters = await Array.fromAsync(deadLetters(this.#bus.log));
    return letters.map(({ event }) => event.data);
  }

  /** The n-th message with a question at a place, once it is there. */
  async copy(place: Place = "alice", n = 0): Promise<ShownCopy> {
    await expect.poll(() => this.channel.copiesAt(place).length).toBeGreaterThan(n);
    return this.channel.copiesAt(place)[n]!;
  }

  /** True for each message at a place that takes answers now. */
  openAt(place: Place): readonly boolean[] {
    return this.channel.copiesAt(place).map(({ isOpen }) => isOpen);
  }

  /** The account was out of contact for longer than is told. */
  outage(): void {
    this.clockOffsetMs += 10 * outageNoteMs;
  }

  /** When the account was last in contact, if it ever was. */
  async lastContact(): Promise<string | undefined> {
    return (await (await this.#bus.keyValue.bucket("channels")).get(`${this.#accountKey}.heard`))?.value;
  }

  /** Another process has the lease of the account, and does not renew it. */
  async leaseToDeadProcess(): Promise<void> {
    await (await this.#bus.keyValue.bucket("leases")).create(this.#accountKey, "dead");
  }

  get #accountKey(): string {
    return `${this.channel.recipientAt("alice", []).channel}_${this.channel.account}`;
  }

  #failingLog(holder: string): EventLog {
    const log = smallLog(this.#bus.log, this.maxEventBytes);
    return replacedLog(log, {
      append: async (subject, event, options) => {
        const fault = await this.failsAppend(subject, holder);
        const result = fault === "before" ? undefined : await log.append(subject, event, options);
        if (fault !== undefined || result === undefined) throw new Unavailable("the log does not answer");
        return result;
      },
      newest: async (prefix) => {
        await this.beforeRead(prefix);
        return log.newest(prefix);
      },
    });
  }
}

const silent = () => createLogger("channel-test", "error", new Writable({ write: (_, __, done) => done() }));
