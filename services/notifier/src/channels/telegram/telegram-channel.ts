import type { Bucket, BusObserver, EventLog, RequestQueries } from "@loopgate/bus";
import { DEFAULT_TENANT, timestamp } from "@loopgate/contracts";
import type { RecipientPolicy } from "@loopgate/domain";
import type {
  AnswerMessage,
  Channel,
  ChannelSender,
  HeldLease,
  Incoming,
  Notice,
  Receiver,
} from "@loopgate/requests";
import type { Logger, Metrics } from "@loopgate/runtime";
import { isGroupChat, parseTelegramEndpoint } from "@loopgate/settings/telegram";
import { type BotApi, type BotApiOptions, createBotApi, grammySignal } from "./api/bot-api.ts";
import { BotToken, type BotTokenOptions } from "./api/bot-token.ts";
import { ChatQueue } from "./api/chat-queue.ts";
import { identify } from "./api/identify.ts";
import { Pauses } from "./api/pauses.ts";
import { Rates } from "./api/rates.ts";
import { OpenQuestions } from "../../open-questions.ts";
import { answerCommand, offerCommands } from "./commands.ts";
import { recordOffer } from "./comment-offers.ts";
import { type TelegramMetrics, telegramMetrics } from "./metrics.ts";
import { chatOf, MovedChats } from "./moved-chats.ts";
import type { Button } from "./rendering/callback-data.ts";
import { closedOfferText, offerMarkup, offerText } from "./rendering/comment-offer.ts";
import { type Reply, replyTo } from "./rendering/replies.ts";
import { TelegramSender } from "./telegram-sender.ts";
import { Teller } from "./tell.ts";
import { chatChangeOf } from "./updates/chat-change.ts";
import { incomingOf, type TelegramAnswer, updateKey } from "./updates/incoming.ts";
import { startPoller } from "./updates/poller.ts";
import { UpdateStore } from "./updates/update-store.ts";
import { keepWebhook } from "./updates/webhook-keeper.ts";
import { WebhookSecret } from "./updates/webhook-secret.ts";
import { startWebhookServer, type Webhook, type WebhookOptions } from "./updates/webhook-server.ts";

export interface TelegramOptions extends Pick<BotTokenOptions, "onRefused"> {
  readonly api: BotApiOptions;
  /** How Telegram delivers updates. Absent: they are fetched by long polling. */
  readonly webhook?: WebhookOptions | undefined;
  readonly log: EventLog;
  readonly queries: RequestQueries;
  readonly policies: () => readonly RecipientPolicy[];
  readonly buckets: { readonly channels: Bucket; readonly copies: Bucket };
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly observer?: Pick<BusObserver, "deadLettered"> | undefined;
}

/** How long a registration waits for the type of its chat, in milliseconds. */
const TYPE_WITHIN_MS = 3_000;

/**
 * Connects a bot.
 * @throws TelegramStartupError if Telegram rejects the token, or does not answer within 10 s for a bot that was never
 * started before.
 */
export async function connectTelegram(options: TelegramOptions): Promise<TelegramChannel> {
  const metrics = telegramMetrics(options.metrics);
  const { logger, buckets, onRefused } = options;
  const token = new BotToken({ ...options.api, logger, onRefused });
  const api = createBotApi(options.api, metrics, token);
  const identity = await identify({
    api: api.send,
    token: options.api.token,
    channels: buckets.channels,
    logger,
  });
  return new TelegramChannel(options, { api, token, metrics, ...identity });
}

interface Connected {
  readonly api: BotApi;
  readonly token: BotToken;
  readonly metrics: TelegramMetrics;
  readonly bot: string;
  readonly username: string;
}

/** One bot at Telegram. */
export class TelegramChannel implements Channel {
  readonly name = "telegram";
  readonly tenant = DEFAULT_TENANT;
  readonly account: string;
  /** Without the `@`. */
  readonly username: string;
  readonly #options: TelegramOptions;
  readonly #api: BotApi;
  readonly #token: BotToken;
  readonly #metrics: TelegramMetrics;
  readonly #moves: MovedChats;
  readonly #updates: UpdateStore;
  readonly #webhook: Webhook | undefined;
  readonly #openQuestions: OpenQuestions;
  readonly #pauses: Pauses;
  readonly #rates = new Rates();
  readonly #replies: ChatQueue;
  readonly #teller: Teller;

  constructor(options: TelegramOptions, { api, token, metrics, bot, username }: Connected) {
    const { buckets, logger } = options;
    this.#options = options;
    this.#api = api;
    this.#token = token;
    this.#metrics = metrics;
    this.account = bot;
    this.username = username;
    this.#moves = new MovedChats(buckets.channels);
    const { log, observer, webhook } = options;
    this.#webhook = webhook && { ...webhook, secret: new WebhookSecret({ ...webhook, logger }) };
    this.#updates = new UpdateStore({
      log,
      channel: this,
      observer,
      onSetAside: (update) => {
        void this.read(update, timestamp())?.tell({ kind: "not_handled" });
      },
    });
    this.#openQuestions = new OpenQuestions(options.queries, this);
    this.#pauses = new Pauses({ channels: buckets.channels, bot, logger, metrics });
    this.#replies = new ChatQueue({ pauses: this.#pauses, rates: this.#rates });
    this.#teller = new Teller(api.send, this.#replies, logger);
  }

  owns(endpoint: string): boolean {
    return parseTelegramEndpoint(endpoint)?.bot === this.account;
  }

  placeOf(endpoint: string): string {
    return chatOf(endpoint);
  }

  aliasesOf(endpoint: string): Promise<readonly string[]> {
    return this.#moves.namesOf(endpoint);
  }

  presentEndpoint(endpoint: string): Promise<string> {
    return this.#moves.presentEndpoint(endpoint);
  }

  /** False for a broadcast channel: its readers cannot reply. True if Telegram does not tell in time. */
  async takesAnswers(endpoint: string): Promise<boolean> {
    const { chat = "" } = parseTelegramEndpoint(endpoint) ?? {};
    if (!isGroupChat(chat)) return true;
    const signal = grammySignal(AbortSignal.timeout(TYPE_WITHIN_MS));
    const seen = await this.#api.send.getChat(chat, signal).catch(() => undefined);
    return seen?.type !== "channel";
  }

  read(update: unknown, storedAt: string): Incoming | undefined {
    const bot = { id: this.account, username: this.username };
    const incoming = incomingOf(bot, update, storedAt);
    if (incoming === undefined) return undefined;
    if (incoming.kind === "unreadable") return this.#unreadable(incoming.query);
    const { key } = incoming;
    if (incoming.kind === "answer") {
      const tell: Incoming["tell"] = (notice) => this.#tellOfAnswer(incoming, notice);
      return { ...incoming, tell, choice: this.#choiceOf(incoming.choice) };
    }
    const tell: Incoming["tell"] = (notice) => this.#teller.tell(incoming, replyTo(notice));
    if (incoming.kind === "continuation")
      return { ...incoming, tell, of: updateKey(this.account, incoming.continues) };
    const respond = async () => {
      const reply =
        incoming.kind === "hint"
          ? { text: incoming.text, alert: true }
          : await answerCommand(this.#commandContext, incoming);
      await this.#teller.tell(incoming, reply);
    };
    return { kind: "other", key, tell, respond };
  }

  async reopenedPlaces(update: unknown): Promise<readonly string[] | undefined> {
    const change = chatChangeOf(this.account, update);
    if (change === undefined) return undefined;
    if (change.kind === "moved") await this.#moves.record(change.from, change.to);
    return this.#moves.namesOf(change.kind === "moved" ? change.to : change.endpoint);
  }

  async openSender(lease?: HeldLease): Promise<ChannelSender> {
    if (lease === undefined) return this.#senderWith(this.#replies);
    await this.#pauses.load();
    const shared = { pauses: this.#pauses, rates: this.#rates };
    return this.#senderWith(new ChatQueue({ ...shared, mayCall: () => lease.isHeld() }));
  }

  startReceiver(lease: HeldLease): Receiver {
    const receiver = this.#startReceiver(lease);
    return {
      check: async () => {
        if (this.#token.refusal !== undefined) throw new Error(this.#token.refusal);
        await receiver.check();
      },
      [Symbol.asyncDispose]: () => receiver[Symbol.asyncDispose](),
    };
  }

  #startReceiver(lease: HeldLease): Receiver {
    const webhook = this.#webhook;
    const { logger, buckets } = this.#options;
    const [bot, channels] = [this.account, buckets.channels];
    void offerCommands({ api: this.#api.send, logger });
    if (webhook !== undefined)
      return keepWebhook({ api: this.#api.send, bot, channels, webhook, logger, lease });
    const polling = { api: this.#api.poll, updates: this.#updates, metrics: this.#metrics };
    return startPoller({ ...polling, bot, channels, logger, lease });
  }

  /** @throws StartupError for a webhook port in use */
  async startIntake(): Promise<AsyncDisposable> {
    const webhook = this.#webhook;
    await using starting = new AsyncDisposableStack();
    if (webhook !== undefined) {
      starting.use(webhook.secret.watch());
      const { logger } = this.#options;
      starting.use(await startWebhookServer({ webhook, updates: this.#updates, logger }));
    }
    return starting.move();
  }

  async checkContact(): Promise<void> {
    await this.#api.send.getMe();
  }

  /** A button names its request; its tenant is the account's. */
  #choiceOf(choice: TelegramAnswer["choice"]): AnswerMessage["choice"] {
    const requestOf = ({ requestId: id, tag }: Button) => ({ tenant: this.tenant, id, tag });
    if ("text" in choice) {
      const { offer, ...text } = choice;
      return offer === undefined ? text : { ...text, request: requestOf(offer) };
    }
    const { option, commentUpdate } = choice.button;
    const request = requestOf(choice.button);
    if (commentUpdate === undefined) return { request, option };
    return { request, option, comment: updateKey(this.account, commentUpdate) };
  }

  async #tellOfAnswer(incoming: TelegramAnswer, notice: Notice): Promise<void> {
    await this.#teller.tell(incoming, this.#offerFor(incoming, notice) ?? replyTo(notice));
    const { choice, copy } = incoming;
    const isLate = notice.kind === "already_recorded" || notice.kind === "already_decided";
    // The copy closer closes the offers that were recorded before the decision.
    if (isLate && "button" in choice && choice.button.commentUpdate !== undefined)
      this.#teller.close(incoming, copy, closedOfferText(notice.created, notice.decision.event));
  }

  /** Text in reply to a question with buttons is repeated above the buttons. */
  #offerFor({ endpoint, update }: TelegramAnswer, notice: Notice): Reply | undefined {
    if (notice.kind !== "rejected") return undefined;
    const { created, comment } = notice;
    if (created === undefined || comment === undefined) return undefined;
    const { copies } = this.#options.buckets;
    return {
      ...offerText(created, comment),
      markup: offerMarkup(created, update),
      alert: true,
      onSent: (message) => recordOffer(copies, created, { endpoint, message }),
    };
  }

  #unreadable(query: string | undefined): Incoming {
    const tell: Incoming["tell"] = async (notice) => {
      if (query !== undefined) await this.#teller.answerPress(query, replyTo(notice));
    };
    return { kind: "unreadable", key: "unreadable", tell };
  }

  get #commandContext() {
    return { moves: this.#moves, openQuestions: this.#openQuestions, policies: this.#options.policies };
  }

  #senderWith(queue: ChatQueue): TelegramSender {
    const { buckets, logger } = this.#options;
    const calls = { bot: this.account, api: this.#api.send, queue, moves: this.#moves };
    return new TelegramSender({ ...calls, updates: this.#updates, claims: buckets.copies, logger });
  }
}
