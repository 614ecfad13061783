import { sleep } from "@loopgate/async";
import { botIdOf } from "@loopgate/settings/telegram";
import { type Logger } from "@loopgate/runtime";
import { type Bucket, StartupError } from "@loopgate/bus";
import { type Api, GrammyError } from "grammy";
import { upsert } from "../upsert.ts";
import { grammySignal } from "./bot-api.ts";

export interface IdentifyParts {
  readonly api: Api;
  readonly token: string;
  readonly channels: Bucket;
  readonly logger: Logger;
}

/** Telegram did not accept the bot token, or did not answer: the first sentence says what to do. */
class TelegramStartupError extends StartupError {
  override readonly name = "TelegramStartupError";
}

/** How long a start waits for Telegram, for a bot that started before, and between tries, in milliseconds. */
const FIRST_START_MS = 10_000;
const LATER_START_MS = 3_000;
const RETRY_MS = 1_000;

/**
 * Who the bot is: as Telegram says, or as it said before. A gap in the network stops no bot that is known.
 * @throws TelegramStartupError if the token is refused, or Telegram does not answer and never did.
 */
export async function identify(
  parts: IdentifyParts,
): Promise<{ readonly bot: string; readonly username: string }> {
  const { channels, logger } = parts;
  const bot = botIdOf(parts.token);
  if (bot === undefined) throw refused();
  const key = `telegram_${bot}.username`;
  const known = (await channels.get(key))?.value;
  const told = await askTelegram(parts, known === undefined ? FIRST_START_MS : LATER_START_MS);
  if (told !== undefined) await upsert(channels, key, told);
  else if (known !== undefined) logger.warn("Telegram does not answer: it is tried again and again");
  const username = told ?? known;
  if (username !== undefined) return { bot, username };
  throw new TelegramStartupError("Telegram does not answer: check the network and TELEGRAM_API_ROOT");
}

/** The bot's username; undefined if Telegram does not answer within `patienceMs`. */
async function askTelegram({ api, logger }: IdentifyParts, patienceMs: number): Promise<string | undefined> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    try {
      return (await api.getMe(grammySignal(AbortSignal.timeout(patienceMs)))).username;
    } catch (error) {
      if (error instanceof GrammyError && (error.error_code === 401 || error.error_code === 404)) {
        throw refused();
      }
      if (performance.now() > deadline) return undefined;
      logger.warn({ err: error }, "Telegram does not answer yet");
      await sleep(RETRY_MS);
    }
  }
}

const refused = () =>
  new TelegramStartupError("Telegram refuses the bot token: copy TELEGRAM_BOT_TOKEN again from @BotFather");
