import { type Bucket, changeValue } from "@loopgate/bus";
import type { Logger } from "@loopgate/runtime";
import { z } from "zod";
import type { TelegramMetrics } from "../metrics.ts";

export interface PausesOptions {
  /** The `channels` bucket. */
  readonly channels: Bucket;
  readonly bot: string;
  readonly logger: Logger;
  readonly metrics: TelegramMetrics;
}

/** This many throttled chats within this time mean that Telegram throttles the bot. */
const BOT_PAUSE = { chats: 3, withinMs: 10_000 } as const;

/** Shorter pauses are not stored: they are over before another process could take over. */
const STORED_FROM_MS = 3_000;

/** The key for the whole bot, in place of the id of a chat. */
const WHOLE_BOT = "bot";

/** Until when each chat is paused, as JSON in the bucket: milliseconds since 1970. */
const Stored = z.record(z.string(), z.number());

/** Until when each chat is paused, by this process's monotonic clock, in milliseconds. */
type Until = Readonly<Record<string, number>>;

/**
 * The chats that must not be called, and until when, because Telegram throttles them (429). Long pauses are stored in a
 * bucket, so that another process that takes the bot over does not send into a throttled chat.
 */
export class Pauses {
  readonly #options: PausesOptions | undefined;
  #until: Until = {};
  #throttled: { readonly chat: string; readonly at: number }[] = [];

  /** Without options, pauses end with this process. */
  constructor(options?: PausesOptions) {
    this.#options = options;
  }

  /** Reads the pauses that other processes have stored. */
  async load(): Promise<void> {
    if (this.#options === undefined) return;
    const { channels, bot } = this.#options;
    this.#until = laterOf(this.#until, storedIn((await channels.get(keyOf(bot)))?.value));
  }

  /** The rest of the pause of a chat, in milliseconds; 0 if there is none. */
  leftMs(chat: string): number {
    return Math.max(0, Math.max(this.#until[chat] ?? 0, this.#until[WHOLE_BOT] ?? 0) - performance.now());
  }

  /** Pauses a chat for as long as Telegram asked, in milliseconds. */
  async begin(chat: string, ms: number): Promise<void> {
    const now = performance.now();
    this.#throttled = this.#throttled.filter(({ at }) => now - at < BOT_PAUSE.withinMs);
    this.#throttled.push({ chat, at: now });
    const chats = new Set(this.#throttled.map((one) => one.chat));
    const paused = chats.size >= BOT_PAUSE.chats ? [chat, WHOLE_BOT] : [chat];
    const begun = Object.fromEntries(paused.map((one) => [one, now + ms]));
    this.#until = laterOf(this.#until, begun);
    for (const one of paused)
      this.#options?.metrics.pauses.inc({ scope: one === WHOLE_BOT ? "bot" : "chat" });
    if (ms >= STORED_FROM_MS) await this.#store();
  }

  /** Best effort: without it, Telegram rejects one more call of the process that takes over. */
  async #store(): Promise<void> {
    if (this.#options === undefined) return;
    const { channels, bot, logger } = this.#options;
    try {
      await changeValue(channels, keyOf(bot), (present) => stored(laterOf(this.#until, storedIn(present))));
    } catch (error) {
      logger.warn({ err: error }, "a pause could not be stored");
    }
  }
}

const keyOf = (bot: string): string => `telegram_${bot}.pauses`;

const stored = (until: Until): string => JSON.stringify(shifted(until, Date.now() - performance.now()));

function storedIn(value: string | undefined): Until {
  return value === undefined ? {} : shifted(Stored.parse(JSON.parse(value)), performance.now() - Date.now());
}

const shifted = (until: Until, ms: number): Until =>
  Object.fromEntries(Object.entries(until).map(([chat, at]) => [chat, at + ms]));

/** The pauses of both that are not over; where both pause a chat, the longer one. */
function laterOf(some: Until, others: Until): Until {
  const all = { ...some };
  for (const [chat, until] of Object.entries(others)) all[chat] = Math.max(until, all[chat] ?? 0);
  return Object.fromEntries(Object.entries(all).filter(([, until]) => until > performance.now()));
}
