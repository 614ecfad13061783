import { sleep } from "@loopgate/async";
import { type NatsConnection, PermissionViolationError } from "@nats-io/transport-node";
import { LRUCache } from "lru-cache";
import type { BusObserver } from "../../bus-observer.ts";
import { PermissionDenied, Unavailable } from "../../event-log.ts";
import { LoginRefused, LOGIN_PATIENCE_MS } from "../../startup-error.ts";
import { permissionMessage } from "./errors.ts";

/** A violation that has not recurred for this long counts as fixed: denied operations are retried more often. */
const FORGET_VIOLATION_MS = 60_000;
const MAX_VIOLATIONS = 100;

/** How long after a disconnect its reason is looked for, and how often again while it lasts, in milliseconds. */
const DIAGNOSE_AFTER_MS = 250;
const DIAGNOSE_EVERY_MS = 2_000;

const NOT_CONNECTED = "NATS is not connected: check that it runs, and the network";

/** The time in which the connection is down. */
interface Outage {
  /** Ends the diagnosis. */
  readonly over: AbortController;
  isReported: boolean;
}

export interface WatchOptions {
  /** Why a new connection fails now; undefined if it does not. The client keeps the failures of reconnects to itself. */
  readonly diagnose: () => Promise<Error | undefined>;
  readonly observer?: Pick<BusObserver, "disconnected" | "reconnected"> | undefined;
  /** Is called once when the login has been refused for `loginPatienceMs`. */
  readonly onLoginRefused?: ((error: LoginRefused) => void) | undefined;
  readonly loginPatienceMs?: number | undefined;
}

/**
 * Follows the status of a connection. It catches errors that reach no caller: a pull or an acknowledgement that the
 * server denies fails no promise, and neither does a reconnect.
 */
export class ConnectionWatch {
  readonly #connection: NatsConnection;
  readonly #options: WatchOptions;
  /** The message of each denied subject. */
  readonly #violations = new LRUCache<string, string>({ max: MAX_VIOLATIONS, ttl: FORGET_VIOLATION_MS });
  readonly #reconnectListeners = new Set<() => void>();
  /** Undefined while the connection is up. */
  #outage: Outage | undefined;
  #whyDown: string | undefined;

  constructor(connection: NatsConnection, options: WatchOptions) {
    this.#connection = connection;
    this.#options = options;
    void this.#watch();
  }

  /** Calls `listener`, which must not throw, after every reconnect for as long as the connection lives. */
  onReconnect(listener: () => void): void {
    this.#reconnectListeners.add(listener);
  }

  /** @throws Unavailable that says what is wrong. */
  check(): void {
    if (this.#outage !== undefined || this.#connection.isClosed()) {
      throw new Unavailable(this.#whyDown ?? NOT_CONNECTED);
    }
    for (const subject of this.#violations.keys()) this.checkPermission(subject);
  }

  /** @throws PermissionDenied if the server denied this subject within the last minute. */
  checkPermission(subject: string): void {
    const message = this.#violations.get(subject);
    if (message !== undefined) throw new PermissionDenied(message);
  }

  /** True if the server has denied publishing or subscribing to this subject. */
  isDenied(subject: string): boolean {
    return this.#violations.has(subject);
  }

  async #watch(): Promise<void> {
    for await (const status of this.#connection.status()) {
      if (status.type === "disconnect") this.#disconnected();
      if (status.type === "reconnect") this.#reconnected();
      if (status.type === "error" && status.error instanceof PermissionViolationError) {
        this.#violations.set(status.error.subject, permissionMessage(status.error));
      }
    }
    if (this.#outage !== undefined) this.#end(this.#outage);
  }

  #disconnected(): void {
    if (this.#outage !== undefined) return;
    this.#outage = { over: new AbortController(), isReported: false };
    void this.#diagnose(this.#outage);
  }

  /** After refused logins, the client reports one reconnect several times. */
  #reconnected(): void {
    if (this.#outage === undefined) return;
    this.#end(this.#outage);
    this.#outage = undefined;
    this.#whyDown = undefined;
    this.#options.observer?.reconnected();
    for (const listener of this.#reconnectListeners) listener();
  }

  /** An outage that is over before its reason is known is reported without one, so that none is only ended. */
  #end(outage: Outage): void {
    outage.over.abort();
    if (!outage.isReported)
      this.#options.observer?.disconnected(new Unavailable("the connection to NATS ended"));
  }

  /** Reports the reason of an outage when it is known and when it changes, and ends a login that stays refused. */
  async #diagnose(outage: Outage): Promise<void> {
    const { diagnose, observer, onLoginRefused, loginPatienceMs = LOGIN_PATIENCE_MS } = this.#options;
    let refusedSince: number | undefined;
    const over = outage.over.signal;
    await sleep(DIAGNOSE_AFTER_MS, over);
    while (!over.aborted) {
      const failure = await diagnose();
      if (over.aborted) return;
      const message = failure?.message ?? this.#whyDown;
      if (failure !== undefined && (!outage.isReported || message !== this.#whyDown)) {
        outage.isReported = true;
        observer?.disconnected(failure);
      }
      this.#whyDown = message;
      refusedSince = failure instanceof LoginRefused ? (refusedSince ?? performance.now()) : undefined;
      if (failure instanceof LoginRefused && isOlderThan(refusedSince, loginPatienceMs)) {
        onLoginRefused?.(failure);
        return;
      }
      await sleep(DIAGNOSE_EVERY_MS, over);
    }
  }
}

const isOlderThan = (since: number | undefined, ms: number): boolean =>
  since !== undefined && performance.now() - since >= ms;
