import type { BotAround } from "./bot-around.ts";
import { checkChat } from "./check-chat.ts";
import { checkPoller } from "./check-poller.ts";
import { checkTestMessage } from "./check-test-message.ts";
import { checkWebhook } from "./check-webhook.ts";
import type { DoctorOptions } from "./doctor-options.ts";
import type { Check } from "./examine.ts";
import { ok, warning } from "./finding.ts";
import { SILENCE, unanswered } from "./telegram-sentences.ts";
import type { TelegramSettings } from "./telegram-settings.ts";

/** Everything that Telegram can tell. The bot is asked first: while it has no answer, the other checks have no findings. */
export function checksOfTelegram(settings: TelegramSettings, options: DoctorOptions): readonly Check[] {
  const { bot, policy } = settings;
  if (bot === undefined) {
    return [found("bot", "nobody can be asked: set TELEGRAM_BOT_TOKEN, which @BotFather gives")];
  }
  const me = bot.identify();
  const around = { ...settings, bot, me };
  const { defaultChat, allowedChats } = policy;
  const chats = new Set(defaultChat === undefined ? allowedChats : [defaultChat, ...allowedChats]);
  return [
    checkBot(around),
    checkWebhook(around),
    checkPoller(around, options),
    ...(defaultChat === undefined ? [found("chat", noDefaultChat(settings))] : []),
    ...[...chats].map((chat) => checkChat(chat, around)),
    ...(options.sendTest ? [checkTestMessage(around)] : []),
  ];
}

const checkBot = ({ me, apiRoot }: BotAround): Check => ({
  subject: "bot",
  silence: SILENCE,
  look: async () => {
    const seen = await me;
    if (seen.kind !== "answered") return [unanswered(seen, apiRoot)];
    return [ok(`@${seen.value.username} (${seen.value.id}) answers`)];
  },
});

const found = (subject: string, doubt: string): Check => ({
  subject,
  look: async () => [warning(doubt)],
});

const noDefaultChat = ({ policy }: TelegramSettings): string =>
  policy.allowedChats.length > 0
    ? "only registered sessions can ask: set TELEGRAM_CHAT_ID for all others"
    : "only registered sessions can ask, and any chat may be registered: set TELEGRAM_CHAT_ID";
