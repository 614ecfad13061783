import { type Failure, failureOf } from "./api-outcome.ts";
import { TokenBucket } from "./token-bucket.ts";

/** `edit`s go before `send`s: an answered question should look answered before the next one is asked. */
export type CallKind = "edit" | "send";

export type CallResult<Result> =
  | { readonly kind: "ok"; readonly result: Result }
  | { readonly kind: "failed"; readonly failure: Failure };

export interface OutboxOptions {
  /** Asked right before each call. Default: always. */
  readonly mayCall?: () => boolean;
}

interface Waiting {
  readonly kind: CallKind;
  run(): Promise<void>;
}

interface Chat {
  readonly id: string;
  readonly sends: TokenBucket;
  readonly edits: TokenBucket;
  readonly waiting: Waiting[];
  running: Promise<void> | undefined;
  pausedUntil: number;
}

/** Telegram's published limits, with a margin (reference telegram.md 3.1). Bursts in private chats are ours to choose. */
const LIMITS = {
  bot: { burst: 25, perSecond: 25 },
  privateSends: { burst: 10, perSecond: 1 },
  groupSends: { burst: 18, perSecond: 18 / 60 },
  groupEdits: { burst: 18, perSecond: 18 / 60 },
} as const;

/** A call that was not made because the outbox stopped, or because its chat's line is full, may come back this soon. */
const SOON_MS = 100;

/** So many calls of a kind may wait for one chat; more would take the places of other chats' calls. */
const LONGEST_LINE = 8;

/** So many chats are remembered before those that stand idle are forgotten. */
const REMEMBERED_CHATS = 1_000;

/** So many chats throttled within so long mean that the bot is. */
const BOT_PAUSE = { chats: 3, withinMs: 10_000 } as const;

/**
 * Calls that change what chats show: one at a time per chat, within Telegram's rates, edits first. It never repeats a call:
 * what failed goes back to whoever asked, and from there into the log's queue. Disposed of, it makes no further call, and
 * waits for those under way.
 */
export class Outbox implements AsyncDisposable {
  readonly #stop = new AbortController();
  readonly #chats = new Map<string, Chat>();
  readonly #bot = new TokenBucket(LIMITS.bot);
  #throttled: { readonly chat: string; readonly at: number }[] = [];
  readonly #mayCall: () => boolean;
  #pausedUntil = 0;
  #forgetAt = REMEMBERED_CHATS;

  constructor({ mayCall = () => true }: OutboxOptions = {}) {
    this.#mayCall = mayCall;
  }

  /** How many chats it remembers. */
  get size(): number {
    return this.#chats.size;
  }

  /** Runs `call` when it is this chat's turn. While the chat is paused or its line is full, it fails at once as `throttled`. */
  call<Result>(chatId: string, kind: CallKind, call: () => Promise<Result>): Promise<CallResult<Result>> {
    const chat = this.#chat(chatId);
    const ahead = chat.waiting.filter((one) => one.kind === kind).length;
    if (ahead >= LONGEST_LINE) return Promise.resolve(notNow(bucketOf(chat, kind).waitMs(ahead)));
    const { promise, resolve, reject } = Promise.withResolvers<CallResult<Result>>();
    const run = async () => {
      try {
        resolve(await this.#attempt(chat, kind, call));
      } catch (error) {
        reject(error);
      }
    };
    chat.waiting.push({ kind, run });
    chat.running ??= this.#drain(chat);
    return promise;
  }

  async #drain(chat: Chat): Promise<void> {
    for (;;) {
      const edit = chat.waiting.findIndex(({ kind }) => kind === "edit");
      const [next] = chat.waiting.splice(Math.max(edit, 0), 1);
      if (next === undefined) break;
      await next.run();
    }
    chat.running = undefined;
  }

  async #attempt<Result>(
    chat: Chat,
    kind: CallKind,
    call: () => Promise<Result>,
  ): Promise<CallResult<Result>> {
    if (this.#pauseOf(chat) > 0) return notNow(this.#pauseOf(chat));
    if (!(await this.#isTurn(bucketOf(chat, kind)))) return notNow(0);
    if (this.#pauseOf(chat) > 0) return notNow(this.#pauseOf(chat));
    if (!this.#mayCall()) return notNow(0);
    try {
      return { kind: "ok", result: await call() };
    } catch (error) {
      const failure = failureOf(error);
      if (failure.kind === "throttled") this.#pause(chat, failure.retryInMs);
      return { kind: "failed", failure };
    }
  }

  /** Waits for the rates; false if the outbox was disposed of meanwhile. */
  async #isTurn(bucket: TokenBucket): Promise<boolean> {
    const { signal } = this.#stop;
    return !signal.aborted && (await bucket.take(signal)) && (await this.#bot.take(signal));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    for (const { running } of this.#chats.values()) await running;
  }

  /** How much longer no call may be made in this chat. */
  #pauseOf(chat: Chat): number {
    return Math.max(chat.pausedUntil, this.#pausedUntil) - Date.now();
  }

  #pause(chat: Chat, ms: number): void {
    const now = Date.now();
    chat.pausedUntil = Math.max(chat.pausedUntil, now + ms);
    this.#throttled = this.#throttled.filter(({ at }) => now - at < BOT_PAUSE.withinMs);
    this.#throttled.push({ chat: chat.id, at: now });
    const chats = new Set(this.#throttled.map((one) => one.chat));
    if (chats.size >= BOT_PAUSE.chats) this.#pausedUntil = Math.max(this.#pausedUntil, now + ms);
  }

  #chat(id: string): Chat {
    const known = this.#chats.get(id);
    if (known !== undefined) return known;
    if (this.#chats.size >= this.#forgetAt) this.#forgetIdle();
    const isGroup = id.startsWith("-");
    const chat: Chat = {
      id,
      sends: new TokenBucket(isGroup ? LIMITS.groupSends : LIMITS.privateSends),
      edits: new TokenBucket(isGroup ? LIMITS.groupEdits : LIMITS.bot),
      waiting: [],
      running: undefined,
      pausedUntil: 0,
    };
    this.#chats.set(id, chat);
    return chat;
  }

  /** A chat without calls, pause or debt to its rates is the same as a new one. */
  #forgetIdle(): void {
    for (const [id, { running, sends, edits, pausedUntil }] of this.#chats) {
      const isIdle = running === undefined && sends.isFull && edits.isFull && pausedUntil < Date.now();
      if (isIdle) this.#chats.delete(id);
    }
    this.#forgetAt = Math.max(REMEMBERED_CHATS, this.#chats.size * 2);
  }
}

const bucketOf = (chat: Chat, kind: CallKind): TokenBucket => (kind === "send" ? chat.sends : chat.edits);

const notNow = (retryInMs: number): CallResult<never> => ({
  kind: "failed",
  failure: { kind: "throttled", retryInMs: Math.max(retryInMs, SOON_MS) },
});
