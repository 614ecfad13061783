import { deferred } from "../../../retry-after.ts";
import { type Failure, failureOf } from "./api-outcome.ts";
import { Pauses } from "./pauses.ts";
import { Rates } from "./rates.ts";
import type { TokenBucket } from "./token-bucket.ts";

/**
 * A `send` comes last: an answered question should look answered before the next one is asked. A `reply` uses the same
 * rate as a `send`, but a person waits for it.
 */
export type CallKind = "edit" | "reply" | "send";

export type TelegramResult<Result> =
  | { readonly kind: "ok"; readonly result: Result }
  | { readonly kind: "failed"; readonly failure: Failure };

export interface ChatQueueOptions {
  /** Shared by all queues of a bot in this process. Default: pauses that end with this queue. */
  readonly pauses?: Pauses;
  /** Shared like `pauses`. Default: rates of its own. */
  readonly rates?: Rates;
  /** Asked right before each call. Default: always true. */
  readonly mayCall?: () => boolean;
}

interface Waiting {
  readonly kind: CallKind;
  run(): Promise<void>;
}

interface Chat {
  readonly id: string;
  readonly waiting: Waiting[];
  running: Promise<void> | undefined;
}

/** How many calls of a kind may wait for one chat. More would use the consumer's slots for calls of other chats. */
const MAX_WAITING = 8;

/**
 * Runs calls that change what chats show: one at a time per chat, within Telegram's rates, sends last. It never repeats a
 * call: the caller gets the failure, and the log delivers the entry again. After disposal it makes no further call;
 * disposing waits for those in flight.
 */
export class ChatQueue implements AsyncDisposable {
  readonly #stop = new AbortController();
  /** The chats with calls. */
  readonly #chats = new Map<string, Chat>();
  readonly #pauses: Pauses;
  readonly #rates: Rates;
  readonly #mayCall: () => boolean;

  constructor({ pauses = new Pauses(), rates = new Rates(), mayCall = () => true }: ChatQueueOptions = {}) {
    this.#pauses = pauses;
    this.#rates = rates;
    this.#mayCall = mayCall;
  }

  /** Runs `call` at its turn in this chat. While the chat is paused or its queue is full, it fails at once as `throttled`. */
  call<Result>(chatId: string, kind: CallKind, call: () => Promise<Result>): Promise<TelegramResult<Result>> {
    const chat = this.#chat(chatId);
    const ahead = chat.waiting.filter((one) => one.kind === kind).length;
    if (ahead >= MAX_WAITING) return Promise.resolve(deferred(this.#deferMs(chat, kind, ahead)));
    const { promise, resolve, reject } = Promise.withResolvers<TelegramResult<Result>>();
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

  /** When to try a send again that has `ahead` others before it, in milliseconds. */
  retryHintMs(chatId: string, ahead: number): number {
    return this.#rates.of(chatId).sends.retryHintMs(ahead);
  }

  async #drain(chat: Chat): Promise<void> {
    for (;;) {
      const urgent = chat.waiting.findIndex(({ kind }) => kind !== "send");
      const [next] = chat.waiting.splice(Math.max(urgent, 0), 1);
      if (next === undefined) break;
      await next.run();
    }
    this.#chats.delete(chat.id);
  }

  async #attempt<Result>(
    chat: Chat,
    kind: CallKind,
    call: () => Promise<Result>,
  ): Promise<TelegramResult<Result>> {
    const isFree = () => this.#pauses.leftMs(chat.id) === 0;
    const mayGo = isFree() && (await this.#isTurn(this.#rateOf(chat, kind))) && isFree() && this.#mayCall();
    if (!mayGo) return deferred(this.#pauses.leftMs(chat.id) * (1 + Math.random() / 10));
    try {
      return { kind: "ok", result: await call() };
    } catch (error) {
      const failure = failureOf(error);
      if (failure.kind === "throttled") await this.#pauses.begin(chat.id, failure.retryInMs);
      return { kind: "failed", failure };
    }
  }

  /** Waits for the rates; false if the queue was disposed of meanwhile. */
  async #isTurn(rate: TokenBucket): Promise<boolean> {
    const { signal } = this.#stop;
    return !signal.aborted && (await rate.take(signal)) && (await this.#rates.bot.take(signal));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    for (const { running } of this.#chats.values()) await running;
  }

  /** A reply is never tried again, so no later call needs to wait for it. */
  #deferMs(chat: Chat, kind: CallKind, ahead: number): number {
    const rate = this.#rateOf(chat, kind);
    return kind === "reply" ? rate.waitMs(ahead) : rate.deferMs(ahead);
  }

  #chat(id: string): Chat {
    const chat = this.#chats.get(id) ?? { id, waiting: [], running: undefined };
    this.#chats.set(id, chat);
    return chat;
  }

  #rateOf({ id }: Chat, kind: CallKind): TokenBucket {
    const { sends, edits } = this.#rates.of(id);
    return kind === "edit" ? edits : sends;
  }
}
