import {
  filters,
  type RequestDetails,
  type LogEntry,
  parseRequestSubject,
  requestPrefix,
  type RequestRef,
} from "@loopgate/contracts";
import { type EventLog, type Subscription, Unavailable } from "@loopgate/bus";
import { type RequestLog } from "@loopgate/requests";
import { requestDetailsOf } from "@loopgate/domain";
import type { GatewayMetrics } from "../gateway-metrics.ts";
import { type CallToLook, Waiter } from "./waiter.ts";

/** Even without an event, a waiter reads again after this many milliseconds, plus up to as many at random. */
const RECHECK_MS = 20_000;
/** The pause before a failed read is repeated, in milliseconds. */
const RETRY_MS = 1_000;
/** After a gap all waiters read again, spread over one millisecond per waiter and at most this many. */
const MAX_SPREAD_MS = 5_000;

export interface WaitersOptions {
  readonly log: EventLog;
  readonly requests: RequestLog;
  readonly metrics: Pick<GatewayMetrics, "waiting" | "wakes">;
  readonly maxWaiters: number;
  readonly recheckMs?: number;
}

export interface WaitOptions {
  readonly seconds: number;
  /** Ends the wait, and nothing else (I6). */
  readonly signal: AbortSignal;
}

/** What a call waits for. Thousands may wait, so a waiter does not keep the request itself in memory. */
export interface WaitSubject {
  readonly ref: RequestRef;
  /** Whether the caller already knows that delivery failed. Default: true if it had failed when the wait began. */
  readonly wasUndelivered?: boolean;
}

/** The right to wait once. Always dispose of it. */
export interface WaitingPlace extends Disposable {
  /**
   * Waits until the request is decided or its delivery fails, on any replica. Ends early after `seconds`, when the caller
   * disconnects, and when the gateway drains. Resolves with the request as it is then; undefined if the log no longer
   * holds it.
   * @throws Unavailable if the log does not answer at the end.
   */
  wait(subject: WaitSubject, options: WaitOptions): Promise<RequestDetails | undefined>;
}

/** The calls of this process that wait for a decision. Every replica can serve every call. */
export class Waiters implements AsyncDisposable {
  readonly #options: WaitersOptions;
  readonly #waiting = new Map<string, readonly Waiter[]>();
  #tail: Subscription | undefined;
  #places = 0;
  #isDraining = false;

  private constructor(options: WaitersOptions) {
    this.#options = options;
  }

  /** Subscribes to decisions and failed deliveries. */
  static async open(parts: WaitersOptions): Promise<Waiters> {
    const waiters = new Waiters(parts);
    waiters.#tail = await parts.log.tail([filters.decided, filters.undelivered], {
      onEntry: (entry) => waiters.#wake(entry),
      onGap: () => waiters.#wakeAll(),
    });
    return waiters;
  }

  /** Undefined if the maximum number of calls is waiting. */
  reserve(): WaitingPlace | undefined {
    if (this.#places >= this.#options.maxWaiters) return undefined;
    this.#places += 1;
    this.#options.metrics.waiting.inc();
    return {
      wait: (subject, options) => this.#wait(subject, options),
      [Symbol.dispose]: () => {
        this.#places -= 1;
        this.#options.metrics.waiting.dec();
      },
    };
  }

  /** Ends all current and future waits. */
  drain(): void {
    this.#isDraining = true;
    for (const waiters of this.#waiting.values()) for (const waiter of waiters) waiter.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.drain();
    await this.#tail?.[Symbol.asyncDispose]();
  }

  /** Registers before the first read, so that no event is missed in between (docs/invariants.md#register-read-await). */
  async #wait(subject: WaitSubject, { seconds, signal }: WaitOptions): Promise<RequestDetails | undefined> {
    const { ref } = subject;
    let { wasUndelivered } = subject;
    let wakeUp: CallToLook | undefined;
    using waiter = new Waiter(seconds, signal);
    using _registered = this.#register(ref, waiter);
    if (this.#isDraining) waiter.end();
    for (;;) {
      const look = await this.#look(waiter, { ref, wasUndelivered, heard: wakeUp?.heard });
      if (look.kind === "over") {
        this.#measureWake(wakeUp, look.request);
        return look.request;
      }
      if (look.kind === "pending") wasUndelivered ??= look.isUndelivered;
      wakeUp = await waiter.called(look.kind === "pending" ? this.#recheckMs() : RETRY_MS);
    }
  }

  /** Measures from the decision to the wake-up. A request that was decided before the wait began woke no call. */
  #measureWake(wakeUp: CallToLook | undefined, request: RequestDetails | undefined): void {
    const decidedAt = request?.view.decided_at;
    if (wakeUp === undefined || decidedAt === undefined) return;
    const { source } = wakeUp;
    this.#options.metrics.wakes.observe({ source }, Math.max(Date.now() - Date.parse(decidedAt), 0) / 1_000);
  }

  /**
   * Only the last read of a wait must succeed: the log may be unavailable in between. A read that an event triggered must
   * include that event, but nothing newer: later events trigger their own reads.
   */
  async #look(waiter: Waiter, { ref, wasUndelivered, heard }: LookFor): Promise<Look> {
    try {
      const request = requestDetailsOf(await this.#options.requests.read(ref, heard));
      if (request === undefined || waiter.hasEnded) return { kind: "over", request };
      const { status, delivery } = request.view;
      const isUndelivered = delivery === "undelivered";
      const isOver = status !== "pending" || (isUndelivered && wasUndelivered === false);
      return isOver ? { kind: "over", request } : { kind: "pending", isUndelivered };
    } catch (error) {
      if (error instanceof Unavailable && !waiter.hasEnded) return { kind: "failed" };
      throw error;
    }
  }

  #register(ref: RequestRef, waiter: Waiter): Disposable {
    const key = requestPrefix(ref);
    this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), waiter]);
    return {
      [Symbol.dispose]: () => {
        const others = this.#waiting.get(key)?.filter((one) => one !== waiter) ?? [];
        if (others.length === 0) this.#waiting.delete(key);
        else this.#waiting.set(key, others);
      },
    };
  }

  #wake({ subject, seq }: LogEntry): void {
    const ref = parseRequestSubject(subject);
    if (ref === undefined) return;
    for (const waiter of this.#waiting.get(requestPrefix(ref)) ?? []) waiter.look("event", seq);
  }

  #wakeAll(): void {
    const spreadMs = Math.min(this.#places, MAX_SPREAD_MS);
    for (const waiters of this.#waiting.values()) {
      for (const waiter of waiters) setTimeout(() => waiter.look("gap"), Math.random() * spreadMs);
    }
  }

  #recheckMs(): number {
    const { recheckMs = RECHECK_MS } = this.#options;
    // Rounded to 100 distinct durations: Node keeps one list per timer duration.
    return recheckMs * (1 + Math.floor(Math.random() * 100) / 100);
  }
}

interface LookFor {
  readonly ref: RequestRef;
  readonly wasUndelivered: boolean | undefined;
  readonly heard: number | undefined;
}

/** The result of one read. The request itself is kept only if the wait is over. */
type Look =
  | { readonly kind: "over"; readonly request: RequestDetails | undefined }
  | { readonly kind: "pending"; readonly isUndelivered: boolean }
  | { readonly kind: "failed" };
