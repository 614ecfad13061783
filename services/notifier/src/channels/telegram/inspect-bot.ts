import type { Update, UserFromGetMe, WebhookInfo } from "@grammyjs/types";
import { GrammyError, HttpError } from "grammy";
import { type Failure, failureOf } from "./api/api-outcome.ts";
import { type BotApiOptions, codeOf, createBotApi, grammySignal } from "./api/bot-api.ts";
import { addressOf, hostOf } from "./updates/own-webhook.ts";
import { deliveryFailureIn } from "./updates/webhook-keeper.ts";

/** The result of one inspection of Telegram. */
export type Seen<Value> =
  | { readonly kind: "answered"; readonly value: Value }
  | { readonly kind: "unreachable"; readonly why: string }
  | Exclude<Failure, { readonly kind: "transient" }>;

export interface SeenBot {
  readonly id: string;
  readonly username: string;
  /** True if it receives every message of its groups, not only those addressed to it. */
  readonly readsWholeGroups: boolean;
}

export interface SeenWebhook {
  /** The part of its address that may be shown; undefined if no webhook is set. */
  readonly host: string | undefined;
  /** How many updates wait at Telegram to be delivered or fetched. */
  readonly waiting: number;
  /** Why Telegram cannot deliver at present, if it cannot. */
  readonly failure: string | undefined;
  isAt(url: string): boolean;
}

/** Inspects a bot at Telegram. No method rejects: a failed call is a result. */
export interface BotInspection {
  identify(): Promise<Seen<SeenBot>>;
  webhook(): Promise<Seen<SeenWebhook>>;
  /** Tests whether the bot may write to a chat. People there see "typing" for a moment; no message is sent. */
  reach(chat: string, thread?: string): Promise<Seen<true>>;
  /** Asks which type of chat it is: `private`, `group`, `supergroup` or `channel`. */
  typeOf(chat: string): Promise<Seen<string>>;
  send(chat: string, text: string, thread?: string): Promise<Seen<true>>;
  /** Polls for some seconds and confirms nothing. This interrupts another poller, and so shows it; not all recover. */
  lookForPoller(): Promise<Seen<"no_poller" | "poller">>;
}

/** An interrupted poller polls again within seconds, and Telegram reports the conflict 3 s later. */
const POLL_SECONDS = 6;
const CALL_TIMEOUT_MS = 10_000;

export function inspectBot(options: BotApiOptions): BotInspection {
  const api = createBotApi(options);
  return {
    identify: () => seen(api.send.getMe(), botIn),
    webhook: () => seen(api.send.getWebhookInfo(), webhookIn),
    reach: (chat, thread) => seen(api.send.sendChatAction(chat, "typing", inTopic(thread)), () => true),
    typeOf: (chat) => seen(api.send.getChat(chat), ({ type }) => type),
    send: (chat, text, thread) => seen(api.send.sendMessage(chat, text, inTopic(thread)), () => true),
    lookForPoller: () =>
      seen(
        api.poll
          .getUpdates({ timeout: POLL_SECONDS, limit: 1 }, grammySignal(AbortSignal.timeout(CALL_TIMEOUT_MS)))
          .catch(conflict),
        (found) => (found === "conflict" ? "poller" : "no_poller"),
      ),
  };
}

const inTopic = (thread: string | undefined) =>
  thread === undefined ? {} : { message_thread_id: Number(thread) };

async function seen<Answer, Value>(
  call: Promise<Answer>,
  read: (answer: Answer) => Value,
): Promise<Seen<Value>> {
  try {
    return { kind: "answered", value: read(await call) };
  } catch (error) {
    const failure = failureOf(error);
    return failure.kind === "transient" ? { kind: "unreachable", why: whyOf(error) } : failure;
  }
}

function whyOf(error: unknown): string {
  if (error instanceof HttpError) return codeOf(error.error).code;
  return error instanceof GrammyError ? String(error.error_code) : "unknown";
}

const botIn = ({ id, username, can_read_all_group_messages }: UserFromGetMe): SeenBot => ({
  id: String(id),
  username,
  readsWholeGroups: can_read_all_group_messages,
});

const webhookIn = (info: WebhookInfo): SeenWebhook => ({
  host: info.url ? hostOf(info.url) : undefined,
  waiting: info.pending_update_count,
  failure: deliveryFailureIn(info),
  isAt: (url) => addressOf(info.url ?? "") === addressOf(url),
});

function conflict(error: unknown): "conflict" | Update[] {
  if (error instanceof GrammyError && error.error_code === 409) return "conflict";
  throw error;
}
