import { isGroupChat } from "@loopgate/settings/telegram";
import type { SeenBot } from "@loopgate/notifier";
import type { BotAround } from "./bot-around.ts";
import type { Check } from "./examine.ts";
import { type Finding, ok, problem, warning } from "./finding.ts";
import { SILENCE, unanswered, type Unanswered } from "./telegram-sentences.ts";

/** Whether the bot may write to a chat, and who may answer there. */
export const checkChat = (chat: string, { bot, me, policy, apiRoot }: BotAround): Check => ({
  subject: `chat ${chat}`,
  silence: SILENCE,
  look: async () => {
    const seenBot = await me;
    if (seenBot.kind !== "answered") return [];
    const seen = await bot.reach(chat);
    if (seen.kind !== "answered") return [notReached(chat, seen, { ...seenBot.value, apiRoot })];
    if (!isGroupChat(chat)) return [ok("can be asked, and answers for itself")];
    return [group(seenBot.value, policy.responders.length)];
  },
});

function group({ readsWholeGroups }: SeenBot, responders: number): Finding {
  if (responders === 0) {
    return warning(
      "nobody is named who may answer in this group: set TELEGRAM_RESPONDER_IDS, or register sessions with responder_ids",
    );
  }
  const privacy = readsWholeGroups
    ? "its privacy mode is off, so that the bot gets all that is written there, which Loopgate does not need"
    : "its privacy mode is on, so that typed answers count as replies to the question only";
  return ok(`can be asked; ${responders} people may answer; ${privacy}`);
}

/** Why a chat can't be asked. */
export function notReached(
  chat: string,
  seen: Unanswered,
  { username, apiRoot }: Pick<SeenBot, "username"> & Pick<BotAround, "apiRoot">,
): Finding {
  if (seen.kind !== "permanent") return unanswered(seen, apiRoot);
  switch (seen.reason) {
    case "chat_not_found":
    case "never_started":
      return problem(
        isGroupChat(chat)
          ? `Telegram knows no such chat: add @${username} to the group, or correct the id`
          : `Telegram knows no such chat of this bot: write any message to @${username} first, or correct the id`,
      );
    case "blocked":
      return problem(`the person has blocked the bot: unblock @${username} in Telegram`);
    case "user_deactivated":
      return problem("the person's account is deleted: name somebody else");
    case "removed_from_chat":
      return problem(`the bot is not in the group: add @${username} to it`);
    default:
      return problem(
        `the bot may not write there (${seen.reason}): give @${username} the right to send messages`,
      );
  }
}
