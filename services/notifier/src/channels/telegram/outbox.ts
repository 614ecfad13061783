import { setTimeout as pause } from "node:timers/promises";
import { type Failure, failureOf } from "./api-outcome.ts";

/** `edit`s go before `send`s: an answered question should look answered before the next one is asked. */
export type CallKind = "edit" | "send";

export type CallResult<Result> =
  | { readonly kind: "ok"; readonly result: Result }
  | { readonly kind: "failed"; readonly failure: Failure };

interface Waiting {
  readonly kind: CallKind;
  run(): Promise<void>;
}

interface Chat {
  readonly id: string;
  readonly sends: Bucket;
  readonly edits: Bucket;
  readonly waiting: Waiting[];
  running: boolean;
  pausedUntil: number;
}

/** Telegram's published limits, with a margin (reference telegram.md 3.1). Bursts in private chats are ours to choose. */
const LIMITS = {
  bot: { burst: 25, perSecond: 25 },
  privateSends: { burst: 10, perSecond: 1 },
  groupSends: { burst: 18, perSecond: 18 / 60 },
  groupEdits: { burst: 18, perSecond: 18 / 60 },
} as const;

/** A call that was not made because the outbox stopped belongs to the next one soon. */
const STOPPED_RETRY_MS = 100;

/** So many chats throttled within so long mean that the bot is. */
const BOT_PAUSE = { chats: 3, withinMs: 10_000 } as const;

/**
 * Calls that change what chats show: one at a time per chat, within Telegram's rates, edits first. It never repeats a call:
 * what failed goes back to whoever asked, and from there into the log's queue. Disposed of, it makes no further call.
 */
export class Outbox implements Disposable {
  readonly #stop = new AbortController();
  readonly #chats = new Map<string, Chat>();
  readonly #bot = new Bucket(LIMITS.bot);
  #throttled: { readonly chat: string; readonly at: number }[] = [];
  #pausedUntil = 0;

  /** Runs `call` when it is this chat's turn. While the chat is paused, it fails at once as `throttled`. */
  call<Result>(chatId: string, kind: CallKind, call: () => Promise<Result>): Promise<CallResult<Result>> {
    const chat = this.#chat(chatId);
    const { promise, resolve, reject } = Promise.withResolvers<CallResult<Result>>();
    const run = async () => {
      try {
        resolve(await this.#attempt(chat, kind, call));
      } catch (error) {
        reject(error);
      }
    };
    chat.waiting.push({ kind, run });
    void this.#drain(chat);
    return promise;
  }

  async #drain(chat: Chat): Promise<void> {
    if (chat.running) return;
    chat.running = true;
    for (;;) {
      const edit = chat.waiting.findIndex(({ kind }) => kind === "edit");
      const [next] = chat.waiting.splice(Math.max(edit, 0), 1);
      if (next === undefined) break;
      await next.run();
    }
    chat.running = false;
  }

  async #attempt<Result>(
    chat: Chat,
    kind: CallKind,
    call: () => Promise<Result>,
  ): Promise<CallResult<Result>> {
    const paused = Math.max(chat.pausedUntil, this.#pausedUntil) - Date.now();
    if (paused > 0) return notNow(paused);
    if (!(await this.#isTurn(kind === "send" ? chat.sends : chat.edits))) return notNow(STOPPED_RETRY_MS);
    try {
      return { kind: "ok", result: await call() };
    } catch (error) {
      const failure = failureOf(error);
      if (failure.kind === "throttled") this.#pause(chat, failure.retryInMs);
      return { kind: "failed", failure };
    }
  }

  /** Waits for the rates; false if the outbox was disposed of meanwhile. */
  async #isTurn(bucket: Bucket): Promise<boolean> {
    const { signal } = this.#stop;
    return !signal.aborted && (await bucket.take(signal)) && (await this.#bot.take(signal));
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
  }

  #pause(chat: Chat, ms: number): void {
    const now = Date.now();
    chat.pausedUntil = now + ms;
    this.#throttled = this.#throttled.filter(({ at }) => now - at < BOT_PAUSE.withinMs);
    this.#throttled.push({ chat: chat.id, at: now });
    if (new Set(this.#throttled.map((one) => one.chat)).size >= BOT_PAUSE.chats) this.#pausedUntil = now + ms;
  }

  #chat(id: string): Chat {
    const known = this.#chats.get(id);
    if (known !== undefined) return known;
    const isGroup = id.startsWith("-");
    const chat: Chat = {
      id,
      sends: new Bucket(isGroup ? LIMITS.groupSends : LIMITS.privateSends),
      edits: new Bucket(isGroup ? LIMITS.groupEdits : LIMITS.bot),
      waiting: [],
      running: false,
      pausedUntil: 0,
    };
    this.#chats.set(id, chat);
    return chat;
  }
}

/** A token bucket: `burst` at once, then `perSecond`. */
class Bucket {
  readonly #burst: number;
  readonly #perSecond: number;
  #tokens: number;
  #filledAt = Date.now();

  constructor({ burst, perSecond }: { readonly burst: number; readonly perSecond: number }) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#tokens = burst;
  }

  /** Resolves with true when it is the caller's turn, with false if `signal` ends the wait. */
  async take(signal: AbortSignal): Promise<boolean> {
    const now = Date.now();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#filledAt) / 1_000) * this.#perSecond);
    this.#filledAt = now;
    this.#tokens -= 1;
    if (this.#tokens >= 0) return true;
    const waitMs = (-this.#tokens / this.#perSecond) * 1_000;
    return pause(waitMs, true, { signal }).catch(() => false);
  }
}

const notNow = (retryInMs: number): CallResult<never> => ({
  kind: "failed",
  failure: { kind: "throttled", retryInMs },
});
