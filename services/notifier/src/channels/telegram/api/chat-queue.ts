import { type Failure, failureOf } from "./api-outcome.ts";
import { Pauses } from "./pauses.ts";
import { Rates } from "./rates.ts";
import type { TokenBucket } from "./token-bucket.ts";

/**
 * `send`s go last: an answered question should look answered before the next one is asked. A `reply` is a message like
 * them to Telegram, but a person waits for it.
 */
export type CallKind = "edit" | "reply" | "send";

export type CallResult<Result> =
  | { readonly kind: "ok"; readonly result: Result }
  | { readonly kind: "failed"; readonly failure: Failure };

export interface OutboxOptions {
  /** Shared by all outboxes of a bot in this process. Default: pauses that end with it. */
  readonly pauses?: Pauses;
  /** Shared like `pauses`. Default: rates of its own. */
  readonly rates?: Rates;
  /** Asked right before each call. Default: always. */
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

/** A call that was not made because the queue stopped, or because its chat's line is full, may come back this soon. */
const SOON_MS = 100;

/** So many calls of a kind may wait for one chat; more would take the places of other chats' calls. */
const LONGEST_LINE = 8;

/**
 * Calls that change what chats show: one at a time per chat, within Telegram's rates, edits first. It never repeats a call:
 * what failed goes back to whoever asked, and from there into the log's queue. Disposed of, it makes no further call, and
 * waits for those under way.
 */
export class ChatQueue implements AsyncDisposable {
  readonly #stop = new AbortController();
  /** Those with calls. */
  readonly #chats = new Map<string, Chat>();
  readonly #pauses: Pauses;
  readonly #rates: Rates;
  readonly #mayCall: () => boolean;

  constructor({ pauses = new Pauses(), rates = new Rates(), mayCall = () => true }: OutboxOptions = {}) {
    this.#pauses = pauses;
    this.#rates = rates;
    this.#mayCall = mayCall;
  }

  /** Runs `call` when it is this chat's turn. While the chat is paused or its line is full, it fails at once as `throttled`. */
  call<Result>(chatId: string, kind: CallKind, call: () => Promise<Result>): Promise<CallResult<Result>> {
    const chat = this.#chat(chatId);
    const ahead = chat.waiting.filter((one) => one.kind === kind).length;
    if (ahead >= LONGEST_LINE) return Promise.resolve(notNow(this.#sendAway(chat, kind, ahead)));
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

  /** When a send that can't wait in the line behind `ahead` others should be asked for again, in milliseconds. */
  askAgainMs(chatId: string, ahead: number): number {
    return this.#rates.of(chatId).sends.askAgainMs(ahead);
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
  ): Promise<CallResult<Result>> {
    const isFree = () => this.#pauses.leftMs(chat.id) === 0;
    const mayGo = isFree() && (await this.#isTurn(this.#rateOf(chat, kind))) && isFree() && this.#mayCall();
    if (!mayGo) return notNow(this.#pauses.leftMs(chat.id) * (1 + Math.random() / 10));
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

  /** A reply never comes back: nobody needs to wait behind it. */
  #sendAway(chat: Chat, kind: CallKind, ahead: number): number {
    const rate = this.#rateOf(chat, kind);
    return kind === "reply" ? rate.waitMs(ahead) : rate.sendAway(ahead);
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

/** The failure of a call that was not made, but may be later. */
export const notNow = (retryInMs: number): CallResult<never> => ({
  kind: "failed",
  failure: { kind: "throttled", retryInMs: Math.max(retryInMs, SOON_MS) },
});
