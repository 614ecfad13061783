import { type NatsConnection, PermissionViolationError } from "@nats-io/transport-node";
import { PermissionDenied, Unavailable } from "../../event-log.ts";
import { permissionMessage } from "./errors.ts";

/** A violation that has not recurred for this long counts as fixed: denied operations are retried more often. */
const FORGET_VIOLATION_MS = 60_000;
const MAX_VIOLATIONS = 100;

/**
 * Follows the status of a connection. It catches errors that reach no caller: a pull or an acknowledgement that the
 * server denies fails no promise.
 */
export class ConnectionWatch {
  readonly #connection: NatsConnection;
  readonly #violations = new Map<string, { readonly message: string; readonly at: number }>();
  readonly #reconnectListeners = new Set<() => void>();
  #isDown = false;

  constructor(connection: NatsConnection) {
    this.#connection = connection;
    void this.#watch();
  }

  /** Calls `listener`, which must not throw, after every reconnect for as long as the connection lives. */
  onReconnect(listener: () => void): void {
    this.#reconnectListeners.add(listener);
  }

  /** @throws Unavailable that says what is wrong. */
  check(): void {
    if (this.#isDown || this.#connection.isClosed()) {
      throw new Unavailable("NATS is not connected: check that it runs, and the network");
    }
    for (const subject of this.#violations.keys()) this.checkPermission(subject);
  }

  /** @throws PermissionDenied if the server denied this subject within the last minute. */
  checkPermission(subject: string): void {
    const violation = this.#violations.get(subject);
    if (violation === undefined) return;
    if (performance.now() - violation.at < FORGET_VIOLATION_MS) throw new PermissionDenied(violation.message);
    this.#violations.delete(subject);
  }

  /** True if the server has denied publishing or subscribing to this subject. */
  isDenied(subject: string): boolean {
    return this.#violations.has(subject);
  }

  async #watch(): Promise<void> {
    for await (const status of this.#connection.status()) {
      if (status.type === "disconnect") this.#isDown = true;
      if (status.type === "reconnect") this.#reconnected();
      if (status.type === "error" && status.error instanceof PermissionViolationError) {
        this.#record(status.error);
      }
    }
  }

  #reconnected(): void {
    this.#isDown = false;
    for (const listener of this.#reconnectListeners) listener();
  }

  #record(violation: PermissionViolationError): void {
    this.#violations.delete(violation.subject);
    this.#violations.set(violation.subject, {
      message: permissionMessage(violation),
      at: performance.now(),
    });
    const [oldest] = this.#violations.keys();
    if (this.#violations.size > MAX_VIOLATIONS && oldest !== undefined) this.#violations.delete(oldest);
  }
}
