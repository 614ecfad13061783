import { type Failure, failureOf } from "./api-outcome.ts";
import { Pauses } from "./pauses.ts";
import { TokenBucket } from "./token-bucket.ts";

/** `edit`s go before `send`s: an answered question should look answered before the next one is asked. */
export type CallKind = "edit" | "send";

export type CallResult<Result> =
  | { readonly kind: "ok"; readonly result: Result }
  | { readonly kind: "failed"; readonly failure: Failure };

export interface OutboxOptions {
  /** Shared by all outboxes of a bot in this process. Default: pauses that end with it. */
  readonly pauses?: Pauses;
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

/**
 * Calls that change what chats show: one at a time per chat, within Telegram's rates, edits first. It never repeats a call:
 * what failed goes back to whoever asked, and from there into the log's queue. Disposed of, it makes no further call, and
 * waits for those under way.
 */
export class Outbox implements AsyncDisposable {
  readonly #stop = new AbortController();
  readonly #chats = new Map<string, Chat>();
  readonly #bot = new TokenBucket(LIMITS.bot);
  readonly #pauses: Pauses;
  readonly #mayCall: () => boolean;
  #forgetAt = REMEMBERED_CHATS;

  constructor({ pauses = new Pauses(), mayCall = () => true }: OutboxOptions = {}) {
    this.#pauses = pauses;
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
    if (ahead >= LONGEST_LINE) return Promise.resolve(notNow(bucketOf(chat, kind).sendAway(ahead)));
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
    const isFree = () => this.#pauses.leftMs(chat.id) === 0;
    const mayGo = isFree() && (await this.#isTurn(bucketOf(chat, kind))) && isFree() && this.#mayCall();
    if (!mayGo) return notNow(this.#pauses.leftMs(chat.id) * (1 + Math.random() / 10));
    try {
      return { kind: "ok", result: await call() };
    } catch (error) {
      const failure = failureOf(error);
      if (failure.kind === "throttled") await this.#pauses.begin(chat.id, failure.retryInMs);
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
    };
    this.#chats.set(id, chat);
    return chat;
  }

  /** A chat without calls or debt to its rates is the same as a new one. */
  #forgetIdle(): void {
    for (const [id, { running, sends, edits }] of this.#chats) {
      if (running === undefined && sends.isFull && edits.isFull) this.#chats.delete(id);
    }
    this.#forgetAt = Math.max(REMEMBERED_CHATS, this.#chats.size * 2);
  }
}

const bucketOf = (chat: Chat, kind: CallKind): TokenBucket => (kind === "send" ? chat.sends : chat.edits);

const notNow = (retryInMs: number): CallResult<never> => ({
  kind: "failed",
  failure: { kind: "throttled", retryInMs: Math.max(retryInMs, SOON_MS) },
});
