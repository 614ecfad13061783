import { sleep } from "@loopgate/async";
import { botIdOf } from "@loopgate/settings/telegram";
import { type Logger } from "@loopgate/runtime";
import { type Bucket, changeValue, StartupError } from "@loopgate/bus";
import { type Api, GrammyError } from "grammy";
import { grammySignal } from "./bot-api.ts";

export interface IdentifyOptions {
  readonly api: Api;
  readonly token: string;
  readonly channels: Bucket;
  readonly logger: Logger;
}

/** Telegram rejected the bot token, or did not answer. The message says what to do. */
class TelegramStartupError extends StartupError {
  override readonly name = "TelegramStartupError";
}

/** How long a start waits for Telegram, in milliseconds: at the first start of a bot, and at later ones. */
const FIRST_START_MS = 10_000;
const LATER_START_MS = 3_000;

/** The pause between two tries, in milliseconds. */
const RETRY_MS = 1_000;

/**
 * Asks Telegram for the bot's username. If Telegram does not answer, the username of an earlier start is used, so that an
 * outage of the network stops no bot that is known.
 * @throws TelegramStartupError if Telegram rejects the token, or does not answer for a bot that is not known.
 */
export async function identify(
  options: IdentifyOptions,
): Promise<{ readonly bot: string; readonly username: string }> {
  const { channels, logger } = options;
  const bot = botIdOf(options.token);
  if (bot === undefined) throw rejected();
  const key = `telegram_${bot}.username`;
  const known = (await channels.get(key))?.value;
  const answered = await askTelegram(options, known === undefined ? FIRST_START_MS : LATER_START_MS);
  if (answered !== undefined)
    await changeValue(channels, key, (present) => (present === answered ? undefined : answered));
  else if (known !== undefined) logger.warn("Telegram does not answer: calls are repeated until it does");
  const username = answered ?? known;
  if (username !== undefined) return { bot, username };
  throw new TelegramStartupError("Telegram does not answer: check the network and TELEGRAM_API_ROOT");
}

/** The bot's username; undefined if Telegram does not answer within `withinMs`. */
async function askTelegram({ api, logger }: IdentifyOptions, withinMs: number): Promise<string | undefined> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    try {
      return (await api.getMe(grammySignal(AbortSignal.timeout(withinMs)))).username;
    } catch (error) {
      if (error instanceof GrammyError && (error.error_code === 401 || error.error_code === 404)) {
        throw rejected();
      }
      if (performance.now() > deadline) return undefined;
      logger.warn({ err: error }, "Telegram does not answer yet: it is asked again");
      await sleep(RETRY_MS);
    }
  }
}

const rejected = () =>
  new TelegramStartupError("Telegram refuses the bot token: copy TELEGRAM_BOT_TOKEN again from @BotFather");
