import { notReached } from "./check-chat.ts";
import type { BotAround } from "./bot-around.ts";
import type { Check } from "./examine.ts";
import { ok, problem } from "./finding.ts";
import { SILENCE } from "./telegram-sentences.ts";

const TEXT = "Loopgate can write to this chat. This is a test: nothing needs an answer.";

/** Sends a message to the default chat. */
export const checkTestMessage = ({ bot, me, policy, apiRoot }: BotAround): Check => ({
  subject: "test message",
  silence: SILENCE,
  look: async () => {
    const { defaultChat } = policy;
    if (defaultChat === undefined) return [problem("nobody to send it to: set TELEGRAM_CHAT_ID")];
    const seenBot = await me;
    if (seenBot.kind !== "answered") return [];
    const seen = await bot.send(defaultChat, TEXT);
    if (seen.kind === "answered") return [ok(`sent to chat ${defaultChat}`)];
    return [notReached(defaultChat, seen, { ...seenBot.value, apiRoot })];
  },
});
