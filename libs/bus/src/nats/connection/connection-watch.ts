import { type NatsConnection, PermissionViolationError } from "@nats-io/transport-node";
import { Unavailable } from "../../event-log.ts";
import { refusalSentence } from "./failures.ts";

/** A refusal that did not come again for so long has been mended: what is refused is tried at least this often. */
const FORGET_REFUSAL_MS = 60_000;
const MAX_REFUSALS = 100;

/** What ails a connection and reaches no caller: a pull or an acknowledgement that the server refuses has nobody who awaits it. */
export class ConnectionWatch {
  readonly #connection: NatsConnection;
  readonly #refusals = new Map<string, { readonly sentence: string; readonly at: number }>();
  #isDown = false;

  constructor(connection: NatsConnection) {
    this.#connection = connection;
    void this.#watch();
  }

  /** @throws Unavailable that says what is wrong. */
  check(): void {
    if (this.#isDown || this.#connection.isClosed()) {
      throw new Unavailable("NATS is not connected: see whether it runs, and the network");
    }
    for (const subject of this.#refusals.keys()) this.checkPermission(subject);
  }

  /** @throws Unavailable if the server lately refused this subject. */
  checkPermission(subject: string): void {
    const refusal = this.#refusals.get(subject);
    if (refusal === undefined) return;
    if (performance.now() - refusal.at < FORGET_REFUSAL_MS) throw new Unavailable(refusal.sentence);
    this.#refusals.delete(subject);
  }

  /** True if the server lately refused to publish or subscribe to this subject. */
  hasRefused(subject: string): boolean {
    return this.#refusals.has(subject);
  }

  async #watch(): Promise<void> {
    for await (const status of this.#connection.status()) {
      if (status.type === "disconnect") this.#isDown = true;
      if (status.type === "reconnect") this.#isDown = false;
      if (status.type === "error" && status.error instanceof PermissionViolationError) {
        this.#upsert(status.error);
      }
    }
  }

  #upsert(refusal: PermissionViolationError): void {
    this.#refusals.delete(refusal.subject);
    this.#refusals.set(refusal.subject, { sentence: refusalSentence(refusal), at: performance.now() });
    const [oldest] = this.#refusals.keys();
    if (this.#refusals.size > MAX_REFUSALS && oldest !== undefined) this.#refusals.delete(oldest);
  }
}
