import type { Bucket } from "@loopgate/bus";
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

/** So many chats throttled within so long mean that the bot is. */
const BOT_PAUSE = { chats: 3, withinMs: 10_000 } as const;

/** Shorter pauses are over before somebody else could take over. */
const KEPT_FROM_MS = 3_000;

/** Stands where a chat's id could. */
const WHOLE_BOT = "bot";

/** Until when each chat is paused, in the bucket: milliseconds since 1970. */
const Kept = z.record(z.string(), z.number());

/** Until when each chat is paused, by this process's own clock, which nobody sets. */
type Until = Readonly<Record<string, number>>;

/**
 * Which chats must not be called, and until when, because Telegram said so (429). Pauses of some length are kept in a
 * bucket, so that whoever takes the bot over does not send into a throttled chat; without one they end with the process.
 */
export class Pauses {
  readonly #parts: PausesOptions | undefined;
  #until: Until = {};
  #throttled: { readonly chat: string; readonly at: number }[] = [];

  constructor(parts?: PausesOptions) {
    this.#parts = parts;
  }

  /** Learns the pauses that other processes began. */
  async load(): Promise<void> {
    if (this.#parts === undefined) return;
    const { channels, bot } = this.#parts;
    this.#until = later(this.#until, keptIn((await channels.get(keyOf(bot)))?.value));
  }

  /** How much longer no call may be made in a chat, in milliseconds. */
  leftMs(chat: string): number {
    return Math.max(0, Math.max(this.#until[chat] ?? 0, this.#until[WHOLE_BOT] ?? 0) - performance.now());
  }

  /** Telegram refused a call in a chat for so long. */
  async begin(chat: string, ms: number): Promise<void> {
    const now = performance.now();
    this.#throttled = this.#throttled.filter(({ at }) => now - at < BOT_PAUSE.withinMs);
    this.#throttled.push({ chat, at: now });
    const chats = new Set(this.#throttled.map((one) => one.chat));
    const paused = chats.size >= BOT_PAUSE.chats ? [chat, WHOLE_BOT] : [chat];
    const begun = Object.fromEntries(paused.map((one) => [one, now + ms]));
    this.#until = later(this.#until, begun);
    for (const one of paused) this.#parts?.metrics.pauses.inc({ scope: one === WHOLE_BOT ? "bot" : "chat" });
    if (ms >= KEPT_FROM_MS) await this.#keep();
  }

  /** Best effort: without it, whoever takes over is told by Telegram once more. */
  async #keep(): Promise<void> {
    if (this.#parts === undefined) return;
    const { channels, bot, logger } = this.#parts;
    try {
      for (;;) {
        const standing = await channels.get(keyOf(bot));
        const value = kept(later(this.#until, keptIn(standing?.value)));
        const written =
          standing === undefined
            ? await channels.create(keyOf(bot), value)
            : await channels.update(keyOf(bot), value, standing.revision);
        if (written !== undefined) return;
      }
    } catch (error) {
      logger.warn({ err: error }, "a pause could not be kept");
    }
  }
}

const keyOf = (bot: string): string => `telegram_${bot}.pauses`;

const kept = (until: Until): string => JSON.stringify(shifted(until, Date.now() - performance.now()));

function keptIn(value: string | undefined): Until {
  return value === undefined ? {} : shifted(Kept.parse(JSON.parse(value)), performance.now() - Date.now());
}

const shifted = (until: Until, ms: number): Until =>
  Object.fromEntries(Object.entries(until).map(([chat, at]) => [chat, at + ms]));

/** Both, the longer one where both pause a chat, without those that are over. */
function later(some: Until, others: Until): Until {
  const all = { ...some };
  for (const [chat, until] of Object.entries(others)) all[chat] = Math.max(until, all[chat] ?? 0);
  return Object.fromEntries(Object.entries(all).filter(([, until]) => until > performance.now()));
}
