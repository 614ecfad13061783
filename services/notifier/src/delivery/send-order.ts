import { notNow, type CallResult } from "../channels/telegram/api/chat-queue.ts";
import { waitMsOf } from "../channels/telegram/api/retry-after.ts";

/** So many questions of a chat may wait behind the one that goes; more would take the places of other chats' questions. */
const LONGEST_LINE = 8;

/** So much later than it was to come back a question holds up nobody: another process may have got it. */
const GRACE_MS = 2_000;

/** A question that Telegram could not take for so long that it backs off for longer holds up nobody. */
const LONGEST_HELD_BACK_OFF_MS = 8_000;

interface Turn {
  /** How often the question has come, with this time. */
  readonly attempt: number;
  /** When to ask again, in milliseconds, if so many others go before. */
  readonly askAgainMs: (ahead: number) => number;
}

/**
 * The order in which the questions of each chat are sent: that in which they were asked, as far as they have come here.
 * One that goes away to come back later, and says when, makes those behind it go away as well.
 */
export class SendOrder {
  /** Those with questions. */
  readonly #lines = new Map<string, Line>();

  /** A question comes to a chat, or comes back. To be called at once, before anything that takes its time. */
  enter(chat: string, seq: number): Place {
    const line = this.#lines.get(chat) ?? new Line(() => this.#lines.delete(chat));
    this.#lines.set(chat, line);
    return line.enter(seq);
  }

  /** How many chats have questions. */
  get size(): number {
    return this.#lines.size;
  }
}

/** Where a question stands among those of a chat. Disposed of, it holds up nobody, unless it has gone away. */
export class Place implements Disposable {
  readonly seq: number;
  readonly #line: Line;
  #backAt: number | undefined;
  #end: NodeJS.Timeout | undefined;

  constructor(seq: number, line: Line) {
    this.seq = seq;
    this.#line = line;
  }

  /** Until it comes back, in milliseconds; undefined for one that is here. */
  get awayMs(): number | undefined {
    return this.#backAt === undefined ? undefined : Math.max(0, this.#backAt - performance.now());
  }

  /** Sends when all that were asked before are settled. If that can't be awaited here, it fails as `throttled`. */
  async send<Result>(
    { attempt, askAgainMs }: Turn,
    call: () => Promise<CallResult<Result>>,
  ): Promise<CallResult<Result>> {
    let heldMs: number | undefined;
    try {
      const ahead = await this.#line.turnOf(this);
      const sent = ahead === 0 ? await call() : notNow((this.#line.firstAwayMs ?? 0) + askAgainMs(ahead));
      heldMs = heldFor(sent, attempt);
      return sent;
    } finally {
      this.#leave(heldMs);
    }
  }

  #leave(heldMs: number | undefined): void {
    if (heldMs === undefined) return this.forget();
    this.#backAt = performance.now() + heldMs;
    this.#end = setTimeout(() => this.forget(), heldMs + GRACE_MS).unref();
    this.#line.change();
  }

  /** It holds up nobody any more. */
  forget(): void {
    clearTimeout(this.#end);
    this.#line.remove(this);
  }

  [Symbol.dispose](): void {
    if (this.awayMs === undefined) this.forget();
  }
}

/** The questions of one chat, by their sequence. */
class Line {
  readonly #onEmpty: () => void;
  readonly #places: Place[] = [];
  #changed = Promise.withResolvers<void>();

  constructor(onEmpty: () => void) {
    this.#onEmpty = onEmpty;
  }

  enter(seq: number): Place {
    const place = new Place(seq, this);
    const at = this.#ahead(seq);
    this.#places.splice(at, 0, place);
    for (const one of this.#places.slice(at)) if (one.seq === seq && one.awayMs !== undefined) one.forget();
    return place;
  }

  /** Resolves with 0 when it is the turn of this place, or with how many are ahead if that can't be awaited here. */
  async turnOf({ seq }: Place): Promise<number> {
    for (;;) {
      const ahead = this.#ahead(seq);
      if (ahead === 0 || ahead > LONGEST_LINE) return ahead;
      if (this.#places.slice(0, ahead).some(({ awayMs }) => awayMs !== undefined)) return ahead;
      await this.#changed.promise;
    }
  }

  /** When the first one comes back, if it is away. */
  get firstAwayMs(): number | undefined {
    return this.#places[0]?.awayMs;
  }

  remove(place: Place): void {
    const at = this.#places.indexOf(place);
    if (at < 0) return;
    this.#places.splice(at, 1);
    if (this.#places.length === 0) this.#onEmpty();
    this.change();
  }

  /** Has those who wait look again. */
  change(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /** From the end, where most come in. */
  #ahead(seq: number): number {
    return this.#places.findLastIndex((one) => one.seq < seq) + 1;
  }
}

/** How long the others wait for a question that comes back, in milliseconds; undefined for one that they need not wait for. */
function heldFor(sent: CallResult<unknown>, attempt: number): number | undefined {
  if (sent.kind === "ok") return undefined;
  const waitMs = waitMsOf(sent.failure, attempt);
  if (waitMs === undefined || sent.failure.kind === "throttled") return waitMs;
  return waitMs <= LONGEST_HELD_BACK_OFF_MS ? waitMs : undefined;
}
