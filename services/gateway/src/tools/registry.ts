import { isRequestId, text } from "@loopgate/contracts";
import { LogFull, Rejected, Unavailable } from "@loopgate/bus";
import { type Logger, traceIdOf } from "@loopgate/runtime";
import { z } from "zod";
import type { GatewayMetrics } from "../gateway-metrics.ts";
import { parseArguments } from "@loopgate/rest/arguments";
import { apiError, CallFailed, invalidArguments, keyIdOf, logIsFull } from "@loopgate/rest";
import type { CallContext, Tool, ToolDefinition, ToolOutcome } from "./tool.ts";

/** Public interface: these names never change. */
export type ToolName =
  | "request_human_input"
  | "check_request_status"
  | "list_pending_requests"
  | "cancel_request";

/** Runs the tools for every protocol; logs and measures each call. */
export class ToolRegistry {
  readonly #tools: ReadonlyMap<string, Tool>;
  readonly #logger: Logger;
  readonly #calls: GatewayMetrics["calls"];
  readonly #running = new Set<Promise<unknown>>();

  /** For `tools/list`, always in the same order. */
  readonly definitions: readonly ToolDefinition[];

  constructor(tools: readonly Tool[], logger: Logger, metrics: Pick<GatewayMetrics, "calls">) {
    this.#tools = new Map(tools.map((tool) => [tool.definition.name, tool]));
    this.#logger = logger;
    this.#calls = metrics.calls;
    this.definitions = tools.map(({ definition }) => definition);
  }

  has(name: string): name is ToolName {
    return this.#tools.has(name);
  }

  /**
   * Runs a tool and logs one line about the call: ids, outcome and duration, no text.
   * @throws CallFailed if the tool throws anything but `Unavailable`.
   */
  async call(name: ToolName, given: unknown, context: CallContext): Promise<ToolOutcome> {
    const tool = this.#tools.get(name);
    if (tool === undefined) throw new TypeError("no such tool");
    const started = performance.now();
    const running = this.#run(tool, given, context);
    this.#running.add(running);
    try {
      const outcome = await running;
      const ended = context.signal.aborted ? "disconnected" : outcomeName(outcome);
      const ms = this.#measure(name, ended, started);
      this.#logger.info({ tool: name, outcome: ended, ms, ...callFields(outcome, given, context) }, "call");
      return outcome;
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

  #measure(tool: ToolName, outcome: string, started: number): number {
    const ms = performance.now() - started;
    this.#calls.observe({ tool, outcome }, ms / 1_000);
    return Math.round(ms);
  }

  #run(tool: Tool, given: unknown, context: CallContext): Promise<ToolOutcome> {
    return tool.run(given, context).catch((error: unknown) => {
      if (error instanceof LogFull) return logIsFull();
      if (error instanceof Unavailable) return unavailable();
      if (error instanceof Rejected && error.maxBytes !== undefined) return tooLarge(error.maxBytes);
      const trace = traceIdOf(context.traceparent);
      this.#logger.error({ tool: tool.definition.name, trace, err: error }, "call failed");
      throw new CallFailed();
    });
  }
}

/** The ids of a call: from its outcome, else from its arguments. */
function callFields(outcome: ToolOutcome, given: unknown, { caller, traceparent }: CallContext) {
  const view = viewOf(outcome);
  const named = view === undefined ? namedIn(given) : undefined;
  return {
    key: keyIdOf(caller),
    request: view?.request_id ?? named?.request_id,
    trace: traceIdOf(traceparent),
    client: view?.client_id ?? named?.client_id,
    ...(outcome.kind === "request" && outcome.calls !== undefined ? { joined: outcome.calls } : {}),
  };
}

const Named = z.object({
  request_id: z.string().refine(isRequestId).optional().catch(undefined),
  client_id: text(128).optional().catch(undefined),
});

function namedIn(given: unknown) {
  const parsed = parseArguments(Named, given);
  return parsed.kind === "parsed" ? parsed.value : undefined;
}

const viewOf = (outcome: ToolOutcome) => {
  if (outcome.kind === "request") return outcome.request.view;
  return outcome.kind === "error" ? outcome.error.request?.view : undefined;
};

function outcomeName(outcome: ToolOutcome): string {
  if (outcome.kind === "error") return outcome.error.code;
  return outcome.kind === "request" ? outcome.request.view.status : "listed";
}

/** The arguments are within the limits of the tool, and the server's are lower. */
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
