import type { BotInspection, Seen, SeenBot } from "@loopgate/notifier";
import type { TelegramSettings } from "./telegram-settings.ts";

/** What the checks of a bot have in common: it is asked who it is once for all of them. */
export interface BotAround extends TelegramSettings {
  readonly bot: BotInspection;
  readonly me: Promise<Seen<SeenBot>>;
}
