import {
  DEFAULT_TENANT,
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

/** Everybody looks again after this long even if nothing was heard, plus as much again at random. */
const RECHECK_MS = 20_000;
/** After a failed look. */
const RETRY_MS = 1_000;
/** After a gap everybody looks again, spread over one millisecond a waiter and at most this long. */
const MAX_SPREAD_MS = 5_000;

export interface WaitersParts {
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

/** What is waited for. Thousands may wait: none of them holds on to the request itself. */
export interface WaitSubject {
  readonly id: string;
  /** Whether the caller knows already that nobody could be reached. Default: as the wait finds it at its beginning. */
  readonly wasUndelivered?: boolean;
}

/** The right to wait once. Dispose of it in any case. */
export interface WaitingPlace extends Disposable {
  /**
   * Waits until the request is decided, or until its last recipient fails during this wait, wherever that came in; at
   * the latest until `seconds` are over, the caller is gone, or the gateway drains. The request as it then stands;
   * undefined if the log holds it no more.
   * @throws Unavailable when the log does not answer at the end.
   */
  wait(subject: WaitSubject, options: WaitOptions): Promise<RequestDetails | undefined>;
}

/** The calls of this process that wait for a decision. Holds nothing that another replica lacks. */
export class Waiters implements AsyncDisposable {
  readonly #parts: WaitersParts;
  readonly #waiting = new Map<string, readonly Waiter[]>();
  #tail: Subscription | undefined;
  #places = 0;
  #isDraining = false;

  private constructor(parts: WaitersParts) {
    this.#parts = parts;
  }

  /** Starts to listen for decisions. */
  static async open(parts: WaitersParts): Promise<Waiters> {
    const waiters = new Waiters(parts);
    waiters.#tail = await parts.log.tail([filters.decided, filters.undelivered], {
      onEntry: (entry) => waiters.#wake(entry),
      onGap: () => waiters.#wakeAll(),
    });
    return waiters;
  }

  /** A place to wait in; undefined when all are taken. */
  reserve(): WaitingPlace | undefined {
    if (this.#places >= this.#parts.maxWaiters) return undefined;
    this.#places += 1;
    this.#parts.metrics.waiting.inc();
    return {
      wait: (subject, options) => this.#wait(subject, options),
      [Symbol.dispose]: () => {
        this.#places -= 1;
        this.#parts.metrics.waiting.dec();
      },
    };
  }

  /** Ends all waits, also those to come. */
  drain(): void {
    this.#isDraining = true;
    for (const waiters of this.#waiting.values()) for (const waiter of waiters) waiter.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.drain();
    await this.#tail?.[Symbol.asyncDispose]();
  }

  /** Registered before the first look, so that nothing falls between the two (design 3.1). */
  async #wait(subject: WaitSubject, { seconds, signal }: WaitOptions): Promise<RequestDetails | undefined> {
    const ref = { tenant: DEFAULT_TENANT, id: subject.id };
    let { wasUndelivered } = subject;
    let call: CallToLook | undefined;
    using waiter = new Waiter(seconds, signal);
    using _registered = this.#register(ref, waiter);
    if (this.#isDraining) waiter.end();
    for (;;) {
      const look = await this.#look(waiter, { ref, wasUndelivered, heard: call?.heard });
      if (look.kind === "over") {
        this.#measureWake(call, look.request);
        return look.request;
      }
      if (look.kind === "pending") wasUndelivered ??= look.isUndelivered;
      call = await waiter.called(look.kind === "pending" ? this.#recheckMs() : RETRY_MS);
    }
  }

  /** What was decided before its wait began, woke nobody. */
  #measureWake(call: CallToLook | undefined, request: RequestDetails | undefined): void {
    const decidedAt = request?.view.decided_at;
    if (call === undefined || decidedAt === undefined) return;
    const { source } = call;
    this.#parts.metrics.wakes.observe({ source }, Math.max(Date.now() - Date.parse(decidedAt), 0) / 1_000);
  }

  /**
   * The log may be away for a while during a wait: only its last look must succeed. A look that an event called for needs
   * no more than that event: for whatever came later there will be another call.
   */
  async #look(waiter: Waiter, { ref, wasUndelivered, heard }: LookFor): Promise<Look> {
    try {
      const request = requestDetailsOf(await this.#parts.requests.read(ref, heard));
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
    const { recheckMs = RECHECK_MS } = this.#parts;
    // A hundred different times at most: timers of one length share a list.
    return recheckMs * (1 + Math.floor(Math.random() * 100) / 100);
  }
}

interface LookFor {
  readonly ref: RequestRef;
  readonly wasUndelivered: boolean | undefined;
  readonly heard: number | undefined;
}

/** What a look found. Between two looks nothing of the request is held. */
type Look =
  | { readonly kind: "over"; readonly request: RequestDetails | undefined }
  | { readonly kind: "pending"; readonly isUndelivered: boolean }
  | { readonly kind: "failed" };
