import { type EventLog, LEASE_MS, type RequestLog, type RequestQueries } from "@loopgate/bus";
import type { RecipientPolicy } from "@loopgate/domain";
import type { Logger, Metrics } from "@loopgate/runtime";
import type { Buckets } from "./buckets.ts";
import { createBotApi, type BotApiOptions } from "./channels/telegram/api/bot-api.ts";
import { identify } from "./channels/telegram/api/identify.ts";
import { type AnswerConsumerParts, startAnswerConsumer } from "./answers/answer-consumer.ts";
import { OpenQuestions } from "./outage/open-questions.ts";
import { ChatQueue } from "./channels/telegram/api/chat-queue.ts";
import { Pauses } from "./channels/telegram/api/pauses.ts";
import { Rates } from "./channels/telegram/api/rates.ts";
import type { Receiver } from "./channels/telegram/updates/receiver.ts";
import { startWebhookServer, type WebhookOptions } from "./channels/telegram/updates/webhook-server.ts";
import { PendingRecords } from "./delivery/pending-records.ts";
import { whileLeased } from "./leases/lease.ts";
import { startLeasedWork } from "./leased-work.ts";
import { notifierMetrics } from "./notifier-metrics.ts";
import type { HeldLease } from "./leases/held-lease.ts";
import { ConcurrentDisposables } from "@loopgate/async";

export interface NotifierOptions extends Buckets {
  readonly log: EventLog;
  readonly requests: RequestLog;
  /** Tells which questions are open: asked for lists only, never for a decision. */
  readonly queries: RequestQueries;
  /** Who may be asked and who may answer, as the operators have it now: what one of them allows, is allowed. */
  readonly policies: () => readonly RecipientPolicy[];
  readonly telegram: BotApiOptions;
  /** How Telegram delivers updates. Absent: they are fetched by long polling. */
  readonly webhook?: WebhookOptions | undefined;
  /** Names this process in the lease of its bot; the same name takes the lease over at once. */
  readonly holder: string;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly now?: () => Date;
  /** How long the `leases` bucket keeps a value, in milliseconds. Default {@link LEASE_MS}. */
  readonly leaseMs?: number;
  /** After a longer time without a sign of life of the bot its chats are told what is open, in milliseconds. Default 120 000. */
  readonly outageNoteMs?: number | undefined;
}

export interface Notifier extends AsyncDisposable {
  readonly bot: { readonly id: string; readonly username: string };
  /** Rejects with why Telegram can't be reached, if so. */
  check(): Promise<void>;
}

const OUTAGE_NOTE_MS = 120_000;

/**
 * Carries questions to Telegram and answers back, until it is disposed of. Outbound, closer and receiver of a bot run where
 * its lease is held; updates that Telegram delivers are taken, and answers are handled, everywhere.
 * @throws TelegramStartupError if the token is refused, or Telegram does not answer within 10 s and the bot was never started
 * before; StartupError if the webhook's port is taken.
 */
export async function startNotifier(options: NotifierOptions): Promise<Notifier> {
  const { log, webhook, logger, now = () => new Date() } = options;
  const { leaseMs = LEASE_MS, outageNoteMs = OUTAGE_NOTE_MS } = options;
  const metrics = notifierMetrics(options.metrics);
  const api = createBotApi(options.telegram, metrics);
  const { token } = options.telegram;
  const { bot, username } = await identify({ ...options, api: api.send, token });
  await using running = new AsyncDisposableStack();
  const openQuestions = new OpenQuestions(options.queries);
  const common = { ...options, metrics, now, bot, username, api: api.send, openQuestions };
  const unrecorded = running.use(new PendingRecords(common));
  const partsWith = (queue: ChatQueue) => ({ ...common, queue }) satisfies AnswerConsumerParts;
  const pauses = new Pauses(common);
  const rates = new Rates();
  const replies = running.use(new ChatQueue({ pauses, rates }));
  const working = running.use(new ConcurrentDisposables());
  working.use(await startAnswerConsumer(partsWith(replies), log));
  if (webhook !== undefined) working.use(await startWebhookServer({ webhook, bot, log, logger }));
  let receiver: Receiver | undefined;
  const work = async (lease: HeldLease) => {
    await pauses.load();
    const queue = new ChatQueue({ pauses, rates, mayCall: () => lease.isHeld() });
    const parts = { ...partsWith(queue), unrecorded, poll: api.poll, webhook, outageNoteMs, lease };
    receiver = await startLeasedWork(parts);
    return receiver;
  };
  working.use(whileLeased({ ...options, leaseMs, key: `telegram_${bot}` }, work));
  const whole = running.move();
  return {
    bot: { id: bot, username },
    check: async () => receiver?.check(),
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}
