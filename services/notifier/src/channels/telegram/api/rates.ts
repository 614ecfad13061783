import { isGroupChat } from "@loopgate/settings/telegram";
import { TokenBucket } from "./token-bucket.ts";

/** Telegram's published limits, with a margin (reference telegram.md 3.1). Bursts in private chats are ours to choose. */
const LIMITS = {
  bot: { burst: 25, perSecond: 25 },
  privateSends: { burst: 10, perSecond: 1 },
  groupSends: { burst: 18, perSecond: 18 / 60 },
  groupEdits: { burst: 18, perSecond: 18 / 60 },
} as const;

/** So many chats are remembered before those that owe nothing to their rates are forgotten. */
const REMEMBERED_CHATS = 1_000;

interface ChatRates {
  readonly sends: TokenBucket;
  readonly edits: TokenBucket;
}

/** How often a bot may be used, in all and in each chat: to be shared by whatever calls Telegram for it in this process. */
export class Rates {
  readonly bot = new TokenBucket(LIMITS.bot);
  readonly #chats = new Map<string, ChatRates>();
  #forgetAt = REMEMBERED_CHATS;

  /** How many chats it remembers. */
  get size(): number {
    return this.#chats.size;
  }

  /** Of one chat; ask anew each time. */
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

  /** A chat that owes nothing is the same as a new one. */
  #forgetFull(): void {
    for (const [id, { sends, edits }] of this.#chats) {
      if (sends.isFull && edits.isFull) this.#chats.delete(id);
    }
    this.#forgetAt = Math.max(REMEMBERED_CHATS, this.#chats.size * 2);
  }
}
