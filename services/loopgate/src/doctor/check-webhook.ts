import type { SeenWebhook } from "@loopgate/notifier";
import type { BotAround } from "./bot-around.ts";
import type { Check } from "./examine.ts";
import { type Finding, ok, problem, warning } from "./finding.ts";
import { SILENCE, unanswered } from "./telegram-sentences.ts";

/** Whether Telegram hands what people send to whom the settings name. */
export const checkWebhook = ({ bot, me, webhookUrl, apiRoot }: BotAround): Check => ({
  subject: "webhook",
  silence: SILENCE,
  look: async () => {
    if ((await me).kind !== "answered") return [];
    const seen = await bot.webhook();
    if (seen.kind !== "answered") return [unanswered(seen, apiRoot)];
    return [webhookUrl === undefined ? whilePolling(seen.value) : whileWanted(seen.value, webhookUrl)];
  },
});

function whilePolling({ host, waiting }: SeenWebhook): Finding {
  if (host === undefined) return ok(`none, as Loopgate polls; ${waiting} updates wait at Telegram`);
  return problem(
    `Telegram hands this bot's updates to ${host}, and Loopgate polls: give the other application a bot of its own, or delete the webhook (deleteWebhook); one that this Loopgate set before goes at its next start`,
  );
}

function whileWanted(webhook: SeenWebhook, url: string): Finding {
  const { host, waiting, failure } = webhook;
  if (host === undefined) return warning("none is set yet: the next start sets it");
  if (!webhook.isAt(url)) {
    return problem(
      `Telegram hands this bot's updates to ${host}, and not to TELEGRAM_WEBHOOK_URL: one bot serves one Loopgate, so stop the other one and restart`,
    );
  }
  if (failure === undefined) return ok(`Telegram delivers to ${host}; ${waiting} updates wait there`);
  return problem(
    `Telegram can't deliver to ${host} (${failure}), and ${waiting} updates wait: see that it is reachable from outside and TELEGRAM_WEBHOOK_SECRET is the one of the last start`,
  );
}
