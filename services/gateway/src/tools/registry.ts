import { isRequestId, text } from "@loopgate/contracts";
import { z } from "zod";
import type { Calls, CallSummary } from "../calls.ts";
import { parseArguments } from "@loopgate/rest/arguments";
import type { CallContext, Tool, ToolDefinition, ToolOutcome } from "./tool.ts";

/** Public interface: these names never change. */
export type ToolName =
  | "request_human_input"
  | "check_request_status"
  | "list_pending_requests"
  | "cancel_request";

/** The tools, for every protocol. */
export class ToolRegistry {
  readonly #tools: ReadonlyMap<string, Tool>;
  readonly #calls: Calls;

  /** For `tools/list`, always in the same order. */
  readonly definitions: readonly ToolDefinition[];

  constructor(tools: readonly Tool[], calls: Calls) {
    this.#tools = new Map(tools.map((tool) => [tool.definition.name, tool]));
    this.#calls = calls;
    this.definitions = tools.map(({ definition }) => definition);
  }

  has(name: string): name is ToolName {
    return this.#tools.has(name);
  }

  /** @throws CallFailed if the tool throws anything but `Unavailable` */
  async call(name: ToolName, given: unknown, context: CallContext): Promise<ToolOutcome> {
    const tool = this.#tools.get(name);
    if (tool === undefined) throw new TypeError("no such tool");
    const work = () => tool.run(given, context);
    return this.#calls.run(name, context, work, (outcome) => summaryOf(outcome, given));
  }
}

/** The ids of a call: from its outcome, else from its arguments. */
function summaryOf(outcome: ToolOutcome, given: unknown): CallSummary {
  const view = viewOf(outcome);
  const named = view === undefined ? namedIn(given) : undefined;
  return {
    outcome: outcomeName(outcome),
    request: view?.request_id ?? named?.request_id,
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
