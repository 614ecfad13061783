import { fingerprint, type RequestView } from "@loopgate/contracts";
import type { CallToolResult, Tool } from "@modelcontextprotocol/client";
import type { AskJournal, AskRecord } from "./ask-journal.ts";
import type { Connection, RequestCall } from "./connection.ts";
import { LoopgateError } from "./loopgate-error.ts";
import { McpConnection } from "./mcp-connection.ts";
import { retryWhileUnavailable, pause, unlessAborted } from "./retry.ts";
import { argumentsOf, type Question, type QuestionArguments } from "./question.ts";
import { RestConnection } from "./rest-connection.ts";
import type { Target } from "./target.ts";

/** `wait_seconds` of one call. Official MCP clients give up on a call after 60 seconds. */
const WAIT_SECONDS = 50;
/** The time between two calls, in seconds, if the gateway names none. */
const POLL_AFTER_SECONDS = 5;

export interface Stoppable {
  /** Aborting stops waiting, and nothing else: the question stays open. The promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

export interface AskOptions extends Stoppable {
  /** Lets a job that crashed resume its own request, however much later. */
  readonly journal?: AskJournal | undefined;
}

/**
 * A client of the Loopgate at `target`. Nothing is opened before {@link LoopgateClient.initialize}.
 *
 * @example
 * ```ts
 * await using loopgate = connect({ url: "http://127.0.0.1:8080/mcp" });
 * await loopgate.initialize("deployer", "1.0.0");
 * const view = await loopgate.ask({ message: "Deploy build 42?", requestType: "confirmation" });
 * if (view.approved === true) deploy();
 * ```
 */
export const connect = (target: Target): LoopgateClient => new LoopgateClient(target);

/**
 * Asks people. `ask`, `submit`, `waitFor` and `cancel` go on trying while Loopgate is away, until their signal stops them.
 * They reject with a LoopgateError when Loopgate refuses a call.
 */
export class LoopgateClient implements AsyncDisposable {
  readonly #target: Target;
  readonly #closed = new AbortController();
  #connection: Connection | undefined;

  constructor(target: Target) {
    this.#target = target;
  }

  /**
   * Opens the connection, and says who asks. When it is lost later, the next call opens it again.
   * @throws LoopgateError `unavailable` when Loopgate can't be reached, `unauthorized` when it wants another key.
   */
  async initialize(name: string, version: string): Promise<void> {
    if (this.#connection !== undefined) throw new Error("This client is initialized already.");
    const connection = connectionTo(this.#target, name, version);
    await connection.open();
    this.#connection = connection;
  }

  async listTools(): Promise<readonly Tool[]> {
    return this.#open().listTools();
  }

  /** Calls a tool once, and returns what MCP returns: a refusal is a result with `isError`. */
  async callTool(name: string, args: Record<string, unknown>): Promise<CallToolResult> {
    return this.#open().callTool(name, args, this.#closed.signal);
  }

  /**
   * Asks, and waits as long as it takes. The request comes back decided, expired or cancelled; only `approved === true`
   * is an approval. With a journal, an ask that a crash interrupted is resumed if it was the same question. Once the
   * request is returned, the journal is empty again.
   */
  async ask(question: Question, options: AskOptions = {}): Promise<RequestView> {
    const { journal } = options;
    if (journal === undefined) return this.#ended(await this.submit(question, options), options);
    if (question.idempotencyKey !== undefined)
      throw new TypeError("A journal has its own key: leave out idempotencyKey, or the journal.");
    const args = argumentsOf(question, this.#open().name);
    const fresh = { key: crypto.randomUUID(), question: fingerprint(args) };
    const record = await journal.read();
    const resumed =
      record?.question === fresh.question ? await this.#resumed(args, record, journal, options) : undefined;
    const view = resumed ?? (await this.#recorded(args, fresh, journal, options));
    await journal.write(undefined);
    return view;
  }

  /** Asks, and does not wait: the `request_id` that comes back is for {@link waitFor} and {@link cancel}. */
  async submit(question: Question, stoppable: Stoppable = {}): Promise<RequestView> {
    const args = argumentsOf(question, this.#open().name);
    const { idempotencyKey } = question;
    return idempotencyKey === undefined
      ? this.#submitUnderOwnKey(args, crypto.randomUUID(), stoppable)
      : this.#submit(args, idempotencyKey, stoppable);
  }

  /** Waits until a request is decided, expired or cancelled, as long as it takes. */
  async waitFor(requestId: string, stoppable: Stoppable = {}): Promise<RequestView> {
    const args = { request_id: requestId, wait_seconds: WAIT_SECONDS };
    for (;;) {
      const calledAt = performance.now();
      const view = await this.#call("check_request_status", args, stoppable);
      if (view.status !== "pending") return view;
      const restMs = calledAt + (view.poll_after_seconds ?? POLL_AFTER_SECONDS) * 1_000 - performance.now();
      await this.#unlessStopped(stoppable, (signal) => pause(restMs, signal));
    }
  }

  /**
   * Withdraws a request; doing it again is no error.
   * @throws LoopgateError `already_decided`, with the request, when an answer or its end came first.
   */
  cancel(requestId: string, reason?: string, stoppable: Stoppable = {}): Promise<RequestView> {
    return this.#call("cancel_request", { request_id: requestId, reason }, stoppable);
  }

  /** {@link submit}, with the arguments of the original Go client. */
  sendHITLRequest(
    sessionId: string,
    clientId: string,
    message: string,
    options?: readonly string[],
    metadata?: Readonly<Record<string, unknown>>,
  ): Promise<RequestView> {
    return this.submit({ sessionId, clientId, message, options, metadata });
  }

  /** Ends all waits and the connection. Questions stay open. */
  async close(): Promise<void> {
    this.#closed.abort(new Error("This client is closed; its questions stay open."));
    await this.#connection?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Waits for the request that a crashed ask left; undefined if Loopgate no longer keeps that request. */
  async #resumed(
    args: QuestionArguments,
    record: AskRecord,
    journal: AskJournal,
    stoppable: Stoppable,
  ): Promise<RequestView | undefined> {
    if (record.requestId === undefined) return this.#recorded(args, record, journal, stoppable);
    try {
      return await this.waitFor(record.requestId, stoppable);
    } catch (error) {
      if (error instanceof LoopgateError && error.code === "not_found") return undefined;
      throw error;
    }
  }

  /** Asks, and waits. The journal has the key before the question is sent, and the id before the wait. */
  async #recorded(
    args: QuestionArguments,
    record: AskRecord,
    journal: AskJournal,
    stoppable: Stoppable,
  ): Promise<RequestView> {
    await journal.write(record);
    const view = await this.#submitUnderOwnKey(args, record.key, stoppable);
    await journal.write({ ...record, requestId: view.request_id });
    return this.#ended(view, stoppable);
  }

  /** The request once it has ended. */
  async #ended(view: RequestView, stoppable: Stoppable): Promise<RequestView> {
    return view.status === "pending" ? this.waitFor(view.request_id, stoppable) : view;
  }

  /** Submits under a random key of ours. If that key was used, it was by an earlier try: its request is the result. */
  async #submitUnderOwnKey(args: QuestionArguments, key: string, stoppable: Stoppable): Promise<RequestView> {
    try {
      return await this.#submit(args, key, stoppable);
    } catch (error) {
      const isUsed = error instanceof LoopgateError && error.code === "idempotency_key_used";
      if (!isUsed || error.request === undefined) throw error;
      return error.request;
    }
  }

  #submit(args: QuestionArguments, key: string, stoppable: Stoppable): Promise<RequestView> {
    return this.#call("request_human_input", { ...args, idempotency_key: key }, stoppable);
  }

  async #call(call: RequestCall, args: Record<string, unknown>, stoppable: Stoppable): Promise<RequestView> {
    const connection = this.#open();
    const once = (signal: AbortSignal) => connection.call(call, args, signal);
    return this.#unlessStopped(stoppable, (signal) => retryWhileUnavailable(() => once(signal), signal));
  }

  #unlessStopped<Result>(
    { signal }: Stoppable,
    work: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const stopped = AbortSignal.any([this.#closed.signal, ...(signal === undefined ? [] : [signal])]);
    return unlessAborted(work, stopped);
  }

  #open(): Connection {
    this.#closed.signal.throwIfAborted();
    if (this.#connection === undefined) throw new Error("Call initialize(name, version) first.");
    return this.#connection;
  }
}

const connectionTo = (target: Target, name: string, version: string): Connection =>
  "rest" in target
    ? new RestConnection(target.rest, target.apiKey, name)
    : new McpConnection(target, name, version);
