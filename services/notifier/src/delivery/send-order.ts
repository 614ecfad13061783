import type { CallResult } from "@loopgate/requests";
import { deferred, waitMsOf } from "../retry-after.ts";

/** How many questions may wait at one place. More would take the consumer's slots from other places. */
const MAX_WAITING = 8;

/**
 * How long later questions wait beyond the expected retry of a deferred question, in milliseconds. After that another
 * process may have it.
 */
const GRACE_MS = 2_000;

/** Later questions do not wait for a question that backs off longer than this, in milliseconds. */
const MAX_BACK_OFF_MS = 8_000;

interface SendOptions {
  /** How often the question was delivered here, this time included. */
  readonly attempt: number;
  /** When to try again if `ahead` others come first, in milliseconds. */
  readonly retryHintMs: (ahead: number) => number;
}

/**
 * Sends the questions of each place in the order in which they were asked, as far as they have arrived here. A deferred
 * question defers all that are queued behind it.
 */
export class SendOrder {
  /** The places with questions. */
  readonly #queues = new Map<string, PlaceQueue>();

  /** Queues a question at a place. Call it as soon as the question arrives, before anything asynchronous. */
  enter(place: string, seq: number): Position {
    const queue = this.#queues.get(place) ?? new PlaceQueue(() => this.#queues.delete(place));
    this.#queues.set(place, queue);
    return queue.enter(seq);
  }

  /** How many places have questions. */
  get size(): number {
    return this.#queues.size;
  }
}

/** A question's position at one place. Disposing it lets later questions pass, unless the question was deferred. */
export class Position implements Disposable {
  readonly seq: number;
  readonly #queue: PlaceQueue;
  #retryAt: number | undefined;
  #forgetTimer: NodeJS.Timeout | undefined;

  constructor(seq: number, queue: PlaceQueue) {
    this.seq = seq;
    this.#queue = queue;
  }

  /** Time until a deferred question comes back, in milliseconds; undefined if it is not deferred. */
  get deferredMs(): number | undefined {
    return this.#retryAt === undefined ? undefined : Math.max(0, this.#retryAt - performance.now());
  }

  /** Waits until no earlier question is in the queue, then sends. If that takes too long, it fails as `throttled`. */
  async send<Result>(
    { attempt, retryHintMs }: SendOptions,
    call: () => Promise<CallResult<Result>>,
  ): Promise<CallResult<Result>> {
    let holdMs: number | undefined;
    try {
      const ahead = await this.#queue.turnOf(this);
      const sent =
        ahead === 0 ? await call() : deferred((this.#queue.firstDeferredMs ?? 0) + retryHintMs(ahead));
      holdMs = holdMsAfter(sent, attempt);
      return sent;
    } finally {
      this.#leave(holdMs);
    }
  }

  #leave(holdMs: number | undefined): void {
    if (holdMs === undefined) return this.forget();
    this.#retryAt = performance.now() + holdMs;
    this.#forgetTimer = setTimeout(() => this.forget(), holdMs + GRACE_MS).unref();
    this.#queue.wakeWaiting();
  }

  /** Lets later questions pass. */
  forget(): void {
    clearTimeout(this.#forgetTimer);
    this.#queue.remove(this);
  }

  [Symbol.dispose](): void {
    if (this.deferredMs === undefined) this.forget();
  }
}

/** The questions of one place, by their sequence. */
class PlaceQueue {
  readonly #onEmpty: () => void;
  readonly #positions: Position[] = [];
  #changed = Promise.withResolvers<void>();

  constructor(onEmpty: () => void) {
    this.#onEmpty = onEmpty;
  }

  /** A question that comes back takes the position of its earlier, deferred delivery. */
  enter(seq: number): Position {
    const position = new Position(seq, this);
    const at = this.#ahead(seq);
    this.#positions.splice(at, 0, position);
    for (const one of this.#positions.slice(at))
      if (one.seq === seq && one.deferredMs !== undefined) one.forget();
    return position;
  }

  /** Resolves with 0 at this question's turn, or with the number of questions ahead if waiting would take too long. */
  async turnOf({ seq }: Position): Promise<number> {
    for (;;) {
      const ahead = this.#ahead(seq);
      if (ahead === 0 || ahead > MAX_WAITING) return ahead;
      if (this.#positions.slice(0, ahead).some(({ deferredMs }) => deferredMs !== undefined)) return ahead;
      await this.#changed.promise;
    }
  }

  /** Time until the first question comes back, in milliseconds, if it is deferred. */
  get firstDeferredMs(): number | undefined {
    return this.#positions[0]?.deferredMs;
  }

  remove(position: Position): void {
    const at = this.#positions.indexOf(position);
    if (at < 0) return;
    this.#positions.splice(at, 1);
    if (this.#positions.length === 0) this.#onEmpty();
    this.wakeWaiting();
  }

  /** Wakes the waiting questions to check their turn. */
  wakeWaiting(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /** How many questions come before this one. Searched from the end, where most questions arrive. */
  #ahead(seq: number): number {
    return this.#positions.findLastIndex((one) => one.seq < seq) + 1;
  }
}

/** How long later questions wait for this one after its send, in milliseconds; undefined if they need not wait. */
function holdMsAfter(sent: CallResult<unknown>, attempt: number): number | undefined {
  if (sent.kind === "ok") return undefined;
  const waitMs = waitMsOf(sent.failure, attempt);
  if (waitMs === undefined || sent.failure.kind === "throttled") return waitMs;
  return waitMs <= MAX_BACK_OFF_MS ? waitMs : undefined;
}
