import { setTimeout as pause } from "node:timers/promises";
import { type Logger, StartRefused } from "@loopgate/runtime";
import { type Api, GrammyError } from "grammy";
import { grammySignal } from "./bot-api.ts";

/** Telegram did not accept the bot token, or did not answer: the first sentence says what to do. */
class TelegramUnusable extends StartRefused {
  override readonly name = "TelegramUnusable";
}

/** How long a start waits for Telegram, and between tries, in milliseconds. */
const START_DEADLINE_MS = 10_000;
const START_RETRY_MS = 1_000;

/**
 * Who the bot is.
 * @throws TelegramUnusable if the token is refused, or Telegram does not answer within 10 s.
 */
export async function identify(
  api: Api,
  logger: Logger,
): Promise<{ readonly id: number; readonly username: string }> {
  const deadline = performance.now() + START_DEADLINE_MS;
  for (;;) {
    try {
      return await api.getMe(grammySignal(AbortSignal.timeout(START_DEADLINE_MS)));
    } catch (error) {
      if (error instanceof GrammyError && (error.error_code === 401 || error.error_code === 404)) {
        throw new TelegramUnusable(
          "Telegram refuses the bot token: copy TELEGRAM_BOT_TOKEN again from @BotFather",
        );
      }
      if (performance.now() > deadline) {
        throw new TelegramUnusable("Telegram does not answer: check the network and TELEGRAM_API_ROOT");
      }
      logger.warn({ err: error }, "Telegram does not answer yet");
      await pause(START_RETRY_MS);
    }
  }
}
