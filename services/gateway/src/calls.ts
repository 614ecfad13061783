import { LogFull, Rejected, Unavailable } from "@loopgate/bus";
import {
  apiError,
  type ApiFailure,
  type Caller,
  CallFailed,
  invalidArguments,
  keyIdOf,
  logIsFull,
} from "@loopgate/rest";
import { type Logger, traceIdOf } from "@loopgate/runtime";
import type { GatewayMetrics } from "./gateway-metrics.ts";

/** Who makes a call, and on which connection. */
interface Context {
  readonly caller: Caller;
  readonly traceparent?: string | undefined;
  readonly signal: AbortSignal;
}

/** How the log line of a call describes its outcome. Ids only, no text. */
export interface CallSummary {
  readonly outcome: string;
  readonly request?: string | undefined;
  readonly client?: string | undefined;
  /** How many calls have waited for this question. */
  readonly joined?: number;
}

/** The calls that run, whatever their protocol: each is measured, and logged as one line. */
export class Calls {
  readonly #logger: Logger;
  readonly #durations: GatewayMetrics["calls"];
  readonly #running = new Set<Promise<unknown>>();

  constructor(logger: Logger, metrics: Pick<GatewayMetrics, "calls">) {
    this.#logger = logger;
    this.#durations = metrics.calls;
  }

  /**
   * Runs a call. What the log or the store could not do is a failure.
   * @throws CallFailed if the work throws anything else
   */
  async run<Outcome>(
    name: string,
    context: Context,
    work: () => Promise<Outcome>,
    summarize: (outcome: Outcome | ApiFailure) => CallSummary,
  ): Promise<Outcome | ApiFailure> {
    const { caller, traceparent, signal } = context;
    const started = performance.now();
    const running = this.#attempt(name, context, work);
    this.#running.add(running);
    try {
      const result = await running;
      const { outcome, ...fields } = summarize(result);
      const ended = signal.aborted ? "disconnected" : outcome;
      const ms = this.#measure(name, ended, started);
      const who = { key: keyIdOf(caller), trace: traceIdOf(traceparent) };
      this.#logger.info({ tool: name, outcome: ended, ms, ...who, ...fields }, "call");
      return result;
    } catch (error) {
      this.#measure(name, "failed", started);
      throw error;
    } finally {
      this.#running.delete(running);
    }
  }

  /** Resolves when the current calls have ended. Does not wait for later ones. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running);
  }

  /** Resolves when no call is running. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await this.settled();
  }

  #measure(tool: string, outcome: string, started: number): number {
    const ms = performance.now() - started;
    this.#durations.observe({ tool, outcome }, ms / 1_000);
    return Math.round(ms);
  }

  #attempt<Outcome>(
    name: string,
    { traceparent }: Context,
    work: () => Promise<Outcome>,
  ): Promise<Outcome | ApiFailure> {
    return work().catch((error: unknown) => {
      if (error instanceof LogFull) return logIsFull();
      if (error instanceof Unavailable) return unavailable();
      if (error instanceof Rejected && error.maxBytes !== undefined) return tooLarge(error.maxBytes);
      this.#logger.error({ tool: name, trace: traceIdOf(traceparent), err: error }, "call failed");
      throw new CallFailed();
    });
  }
}

/** The arguments are within the limits of the call, and the server's are lower. */
const tooLarge = (maxBytes: number) =>
  invalidArguments([
    {
      path: [],
      detail: `with all their parts they need more than the ${maxBytes} bytes that the operator's message server accepts: shorten the message, the options or the metadata`,
    },
  ]);

const unavailable = () =>
  apiError(
    "unavailable",
    "Loopgate's log or store does not answer: call again in a few seconds. With an idempotency_key, a repeated question is asked only once.",
  );
