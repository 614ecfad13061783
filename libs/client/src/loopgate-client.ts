import type { RequestView } from "@loopgate/contracts";
import type { CallToolResult, Tool } from "@modelcontextprotocol/client";
import { Connection } from "./connection.ts";
import { retryWhileUnavailable, pause, unlessAborted } from "./retry.ts";
import { argumentsOf, type Question } from "./question.ts";
import { viewIn } from "./reply.ts";
import type { Target } from "./target.ts";

/** Of one call: official clients give up after 60. */
const WAIT_SECONDS = 50;
/** Between two calls, where a gateway does not say. */
const POLL_AFTER_SECONDS = 5;

export interface Stoppable {
  /** Aborting stops waiting, and nothing else: the question stays open. The promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
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
 * Asks people. `ask`, `submit`, `waitFor` and `cancel` go on trying while Loopgate is away, until their signal stops them;
 * whatever it refuses rejects with a LoopgateError.
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
    const connection = new Connection(this.#target, name, version);
    await connection.open();
    this.#connection = connection;
  }

  async listTools(): Promise<readonly Tool[]> {
    return this.#open().listTools();
  }

  /** Calls a tool once, as the protocol has it: a refusal is a result with `isError`. */
  async callTool(name: string, args: Record<string, unknown>): Promise<CallToolResult> {
    return this.#open().callTool(name, args, this.#closed.signal);
  }

  /**
   * Asks, and waits as long as it takes. The request comes back decided, expired or cancelled; only `approved === true`
   * is an approval.
   */
  async ask(question: Question, stoppable: Stoppable = {}): Promise<RequestView> {
    const { request_id } = await this.submit(question, stoppable);
    return this.waitFor(request_id, stoppable);
  }

  /** Asks, and does not wait: the `request_id` that comes back is for {@link waitFor} and {@link cancel}. */
  async submit(question: Question, stoppable: Stoppable = {}): Promise<RequestView> {
    return this.#call("request_human_input", argumentsOf(question, this.#open().name), stoppable);
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

  async #call(tool: string, args: Record<string, unknown>, stoppable: Stoppable): Promise<RequestView> {
    const connection = this.#open();
    // A repetition must say the same, and what can't be sent must not pass for a lost connection.
    const sent: Record<string, unknown> = JSON.parse(JSON.stringify(args));
    const once = async (signal: AbortSignal) => viewIn(await connection.callTool(tool, sent, signal));
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
