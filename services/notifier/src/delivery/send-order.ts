import type { CallResult } from "@loopgate/requests";
import { deferred, waitMsOf } from "./retry-after.ts";

/** How many questions may wait at one place. More would use the slots of other places' questions. */
const LONGEST_LINE = 8;

/** Grace period after the expected retry of a deferred question; then later questions stop waiting, because another process may own it. */
const GRACE_MS = 2_000;

/** Later questions do not wait for one that backs off longer than this. */
const LONGEST_HELD_BACK_OFF_MS = 8_000;

interface Turn {
  /** How often the question was delivered here, this time included. */
  readonly attempt: number;
  /** When to try again if `ahead` others come first, in milliseconds. */
  readonly retryHintMs: (ahead: number) => number;
}

/**
 * Sends the questions of each place in the order in which they were asked, as far as they have arrived here. A deferred
 * question defers everything queued behind it.
 */
export class SendOrder {
  /** The places with questions. */
  readonly #lines = new Map<string, Line>();

  /** Queues a question at a place. Call it as soon as the question arrives, before anything asynchronous. */
  enter(place: string, seq: number): Place {
    const line = this.#lines.get(place) ?? new Line(() => this.#lines.delete(place));
    this.#lines.set(place, line);
    return line.enter(seq);
  }

  /** How many places have questions. */
  get size(): number {
    return this.#lines.size;
  }
}

/** A question's position at one place. Disposing it lets later questions pass, unless the question was deferred. */
export class Place implements Disposable {
  readonly seq: number;
  readonly #line: Line;
  #backAt: number | undefined;
  #end: NodeJS.Timeout | undefined;

  constructor(seq: number, line: Line) {
    this.seq = seq;
    this.#line = line;
  }

  /** Time until a deferred question comes back, in milliseconds; undefined if it is not deferred. */
  get awayMs(): number | undefined {
    return this.#backAt === undefined ? undefined : Math.max(0, this.#backAt - performance.now());
  }

  /** Sends once all earlier questions are settled. If that takes too long, it fails as `throttled`. */
  async send<Result>(
    { attempt, retryHintMs }: Turn,
    call: () => Promise<CallResult<Result>>,
  ): Promise<CallResult<Result>> {
    let heldMs: number | undefined;
    try {
      const ahead = await this.#line.turnOf(this);
      const sent = ahead === 0 ? await call() : deferred((this.#line.firstAwayMs ?? 0) + retryHintMs(ahead));
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

  /** Lets later questions pass. */
  forget(): void {
    clearTimeout(this.#end);
    this.#line.remove(this);
  }

  [Symbol.dispose](): void {
    if (this.awayMs === undefined) this.forget();
  }
}

/** The questions of one place, by their sequence. */
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

  /** Resolves with 0 at this question's turn, or with the number of questions ahead if waiting would take too long. */
  async turnOf({ seq }: Place): Promise<number> {
    for (;;) {
      const ahead = this.#ahead(seq);
      if (ahead === 0 || ahead > LONGEST_LINE) return ahead;
      if (this.#places.slice(0, ahead).some(({ awayMs }) => awayMs !== undefined)) return ahead;
      await this.#changed.promise;
    }
  }

  /** Time until the first question comes back, if it is deferred. */
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

  /** Wakes the waiting questions to check their turn. */
  change(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /** Searched from the end, where most questions arrive. */
  #ahead(seq: number): number {
    return this.#places.findLastIndex((one) => one.seq < seq) + 1;
  }
}

/** How long later questions wait for a deferred one, in milliseconds; undefined if they need not wait. */
function heldFor(sent: CallResult<unknown>, attempt: number): number | undefined {
  if (sent.kind === "ok") return undefined;
  const waitMs = waitMsOf(sent.failure, attempt);
  if (waitMs === undefined || sent.failure.kind === "throttled") return waitMs;
  return waitMs <= LONGEST_HELD_BACK_OFF_MS ? waitMs : undefined;
}
