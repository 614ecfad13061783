import type { BotAround } from "./bot-around.ts";
import type { DoctorOptions } from "./doctor-options.ts";
import type { Check } from "./examine.ts";
import { type Finding, ok, problem } from "./finding.ts";
import { unanswered } from "./telegram-sentences.ts";
import { isDistributed } from "./topology.ts";
import { whoServes } from "./who-serves.ts";

const DEADLINE_MS = 12_000;

/**
 * Whether somebody else fetches this bot's updates. Telegram tells that to whoever polls, and to nobody else: a process
 * of ours is asked by its own check, and without one only the operator may decide to interrupt others.
 */
export const checkPoller = (around: BotAround, options: DoctorOptions): Check => ({
  subject: "other pollers",
  silence: "Telegram does not answer a poll in time: check the network",
  deadlineMs: DEADLINE_MS,
  look: async () => {
    if ((await around.me).kind !== "answered" || around.webhookUrl !== undefined) return [];
    if (isDistributed(options.environment)) return [ok("the notifier that polls says so at its /readyz")];
    if (whoServes(options.environment) !== "nobody") return [ok("the process that serves this bot knows")];
    if (!options.poll) {
      return [ok("not looked for, because that interrupts them: `loopgate doctor --poll` does")];
    }
    return [await poll(around)];
  },
});

async function poll({ bot, apiRoot }: BotAround): Promise<Finding> {
  const seen = await bot.lookForPoller();
  if (seen.kind !== "answered") return unanswered(seen, apiRoot);
  if (seen.value === "nobody") return ok("nobody else polls this bot");
  return problem("somebody else polls this bot: stop the other one, or give it a bot of its own");
}
