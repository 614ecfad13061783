import { isGroupChat } from "@loopgate/settings/telegram";
import { TokenBucket } from "./token-bucket.ts";

/**
 * Telegram's published limits, with a margin (docs/invariants.md#telegram-send). Bursts in private chats are ours to
 * choose.
 */
const LIMITS = {
  bot: { burst: 25, perSecond: 25 },
  privateSends: { burst: 10, perSecond: 1 },
  groupSends: { burst: 18, perSecond: 18 / 60 },
  groupEdits: { burst: 18, perSecond: 18 / 60 },
} as const;

/** With more chats than this, the chats whose buckets are full again are forgotten. */
const REMEMBERED_CHATS = 1_000;

interface ChatRates {
  readonly sends: TokenBucket;
  readonly edits: TokenBucket;
}

/** The rates of a bot, in total and for each chat. All that call Telegram for a bot in this process share one instance. */
export class Rates {
  readonly bot = new TokenBucket(LIMITS.bot);
  readonly #chats = new Map<string, ChatRates>();
  #forgetAt = REMEMBERED_CHATS;

  /** How many chats it remembers. */
  get size(): number {
    return this.#chats.size;
  }

  /** The rates of one chat. Do not keep the result: a forgotten chat gets new buckets. */
  of(chatId: string): ChatRates {
    const known = this.#chats.get(chatId);
    if (known !== undefined) return known;
    if (this.#chats.size >= this.#forgetAt) this.#forgetFull();
    const isGroup = isGroupChat(chatId);
    const rates = {
      sends: new TokenBucket(isGroup ? LIMITS.groupSends : LIMITS.privateSends),
      edits: new TokenBucket(isGroup ? LIMITS.groupEdits : LIMITS.bot),
    };
    this.#chats.set(chatId, rates);
    return rates;
  }

  /** A chat whose buckets are full is the same as a new one. */
  #forgetFull(): void {
    for (const [id, { sends, edits }] of this.#chats) {
      if (sends.isFull && edits.isFull) this.#chats.delete(id);
    }
    this.#forgetAt = Math.max(REMEMBERED_CHATS, this.#chats.size * 2);
  }
}
