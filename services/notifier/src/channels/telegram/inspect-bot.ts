import type { Update, UserFromGetMe, WebhookInfo } from "@grammyjs/types";
import { GrammyError, HttpError } from "grammy";
import { type Failure, failureOf } from "./api/api-outcome.ts";
import { type BotApiOptions, codeOf, createBotApi, grammySignal } from "./api/bot-api.ts";
import { addressOf, hostOf } from "./updates/own-webhook.ts";
import { deliveryFailureIn } from "./updates/webhook-keeper.ts";

/** What a look at Telegram came to. A look that was answered has a value. */
export type Seen<Value> =
  | { readonly kind: "answered"; readonly value: Value }
  | { readonly kind: "unreachable"; readonly why: string }
  | Exclude<Failure, { readonly kind: "transient" }>;

export interface SeenBot {
  readonly id: string;
  readonly username: string;
  /** True if it gets all that people write in its groups, and not only what is meant for it. */
  readonly readsWholeGroups: boolean;
}

export interface SeenWebhook {
  /** All of its address that may be shown; absent: none is set. */
  readonly host: string | undefined;
  /** How many updates wait for whoever fetches or takes them. */
  readonly waiting: number;
  /** Why Telegram can't deliver, if that is so now. */
  readonly failure: string | undefined;
  isAt(url: string): boolean;
}

/** A bot as Telegram shows it to its owner. Nothing here fails: what Telegram does not give is a kind of answer. */
export interface BotInspection {
  identify(): Promise<Seen<SeenBot>>;
  webhook(): Promise<Seen<SeenWebhook>>;
  /** Whether the bot may write to a chat. Who looks at it sees "typing" for a moment; nothing is sent. */
  reach(chat: string): Promise<Seen<true>>;
  send(chat: string, text: string): Promise<Seen<true>>;
  /** Polls for some seconds and confirms nothing. Another poller is interrupted, and so is seen: not all survive that. */
  lookForPoller(): Promise<Seen<"nobody" | "somebody">>;
}

/** A poller that is interrupted comes again within seconds, and its conflict with us is told 3 s later. */
const LOOK_FOR_POLLER_SECONDS = 6;
const TOLD_WITHIN_MS = 10_000;

export function inspectBot(options: BotApiOptions): BotInspection {
  const api = createBotApi(options);
  return {
    identify: () => seen(api.send.getMe(), botIn),
    webhook: () => seen(api.send.getWebhookInfo(), webhookIn),
    reach: (chat) => seen(api.send.sendChatAction(chat, "typing"), () => true),
    send: (chat, text) => seen(api.send.sendMessage(chat, text), () => true),
    lookForPoller: () =>
      seen(
        api.poll
          .getUpdates(
            { timeout: LOOK_FOR_POLLER_SECONDS, limit: 1 },
            grammySignal(AbortSignal.timeout(TOLD_WITHIN_MS)),
          )
          .catch(conflict),
        (found) => (found === "conflict" ? "somebody" : "nobody"),
      ),
  };
}

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
