import { isRequestId } from "@loopgate/contracts";
import { Unavailable } from "@loopgate/bus";
import { type Logger, traceIdOf } from "@loopgate/runtime";
import { z } from "zod";
import type { GatewayMetrics } from "../gateway-metrics.ts";
import { text } from "../requests/arguments.ts";
import { refused } from "../tool-error.ts";
import type { Caller, Tool, ToolDefinition, ToolOutcome } from "./tool.ts";

/** The names of the tools: interface, and stay. */
export type ToolName =
  | "request_human_input"
  | "check_request_status"
  | "list_pending_requests"
  | "cancel_request";

/** A call broke; what went wrong stands in the log, and is nothing that a caller may see. */
export class CallFailed extends Error {
  override readonly name = "CallFailed";
  override readonly message = "internal error";
}

export interface ToolRegistryParts {
  readonly logger: Logger;
  readonly metrics: Pick<GatewayMetrics, "calls">;
}

/** The tools, however they are called. */
export class ToolRegistry {
  readonly #tools: ReadonlyMap<string, Tool>;
  readonly #logger: Logger;
  readonly #calls: GatewayMetrics["calls"];
  readonly #running = new Set<Promise<unknown>>();

  /** What `tools/list` shows, always in the same order. */
  readonly definitions: readonly ToolDefinition[];

  constructor(tools: readonly Tool[], { logger, metrics }: ToolRegistryParts) {
    this.#tools = new Map(tools.map((tool) => [tool.definition.name, tool]));
    this.#logger = logger;
    this.#calls = metrics.calls;
    this.definitions = tools.map(({ definition }) => definition);
  }

  has(name: string): name is ToolName {
    return this.#tools.has(name);
  }

  /**
   * Runs a tool and writes one line about it: ids, outcome and time, no text.
   * @throws CallFailed when the tool broke a promise.
   */
  async call(name: ToolName, given: unknown, caller: Caller): Promise<ToolOutcome> {
    const tool = this.#tools.get(name);
    if (tool === undefined) throw new TypeError("no such tool");
    const started = performance.now();
    const running = this.#run(tool, given, caller);
    this.#running.add(running);
    try {
      const outcome = await running;
      const ended = caller.signal.aborted ? "disconnected" : outcomeName(outcome);
      const ms = this.#measure(name, ended, started);
      this.#logger.info({ tool: name, outcome: ended, ms, ...callFields(outcome, given, caller) }, "call");
      return outcome;
    } catch (error) {
      this.#measure(name, "failed", started);
      throw error;
    } finally {
      this.#running.delete(running);
    }
  }

  /** Resolves when the calls that run now are done, whatever comes in meanwhile. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running);
  }

  /** Resolves when no call runs any more. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await this.settled();
  }

  #measure(tool: ToolName, outcome: string, started: number): number {
    const ms = performance.now() - started;
    this.#calls.observe({ tool, outcome }, ms / 1_000);
    return Math.round(ms);
  }

  #run(tool: Tool, given: unknown, caller: Caller): Promise<ToolOutcome> {
    return tool.run(given, caller).catch((error: unknown) => {
      if (error instanceof Unavailable) return outOfReach();
      const trace = traceIdOf(caller.traceparent);
      this.#logger.error({ tool: tool.definition.name, trace, err: error }, "call failed");
      throw new CallFailed();
    });
  }
}

/** Who called about what: as the outcome says, else as the call did. */
function callFields(outcome: ToolOutcome, given: unknown, { keyId, traceparent }: Caller) {
  const view = viewOf(outcome);
  const named = view === undefined ? Named.safeParse(given).data : undefined;
  return {
    key: keyId,
    request: view?.request_id ?? named?.request_id,
    trace: traceIdOf(traceparent),
    client: view?.client_id ?? named?.client_id,
  };
}

const Named = z.object({
  request_id: z.string().refine(isRequestId).optional().catch(undefined),
  client_id: text(128).optional().catch(undefined),
});

const viewOf = (outcome: ToolOutcome) => {
  if (outcome.kind === "request") return outcome.request.view;
  return outcome.kind === "refused" ? outcome.refusal.request : undefined;
};

function outcomeName(outcome: ToolOutcome): string {
  if (outcome.kind === "refused") return outcome.refusal.code;
  return outcome.kind === "request" ? outcome.request.view.status : "listed";
}

const outOfReach = () =>
  refused(
    "unavailable",
    "Loopgate's log or store does not answer now. Call again in a few seconds; with an idempotency_key a repeated question is asked once.",
  );
