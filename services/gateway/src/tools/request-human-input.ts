import type { RequestDetails, RequestRef } from "@loopgate/contracts";
import { Unavailable } from "@loopgate/bus";
import type { GatewaySettings } from "../config/gateway-settings.ts";
import { waitSecondsOf } from "@loopgate/rest/arguments";
import { parseSubmission, Submission } from "../requests/submission.ts";
import type { Submitter } from "../requests/submitter.ts";
import type { Waiters, WaitingPlace } from "../requests/waiters.ts";
import { apiError } from "@loopgate/rest";
import { toolSchema } from "./json-schema.ts";
import { RequestOutput } from "./outputs.ts";
import type { CallContext, Tool, ToolDefinition, ToolOutcome } from "./tool.ts";
import { waitForDecision } from "./wait-for-decision.ts";

export interface RequestHumanInputOptions {
  readonly submitter: Submitter;
  readonly waiters: Waiters;
  readonly settings: GatewaySettings;
}

export function requestHumanInput({ submitter, waiters, settings }: RequestHumanInputOptions): Tool {
  return {
    definition: definitionFor(settings),
    run: async (given, context) => {
      const parsed = parseSubmission(given);
      if (parsed.kind === "error") return parsed;
      const seconds = waitSecondsOf(parsed.value.wait_seconds, settings.maxWaitSeconds);
      if (seconds === 0) return outcomeOf(await submitter.submit(parsed.value, context));
      // Reserved before the question is asked, so that a caller who cannot wait has asked nothing.
      using place = waiters.reserve();
      if (place === undefined) return tooManyWaiters();
      const submitted = await submitter.submitWaiting(parsed.value, context);
      if (submitted.kind === "error") return submitted;
      const { calls, isNew } = submitted;
      const request = await afterWaiting(place, submitted.request, seconds, context);
      const { request_id, status } = request.view;
      if (context.signal.aborted && status === "pending")
        await submitter.recordDeparture(parsed.value, context, { request_id, calls });
      return { kind: "request", request, isNew, ...(calls > 1 ? { calls } : {}) };
    },
  };
}

/** Returns the request even if the wait fails: the caller must learn its id. */
async function afterWaiting(
  place: WaitingPlace,
  request: RequestDetails,
  seconds: number,
  context: CallContext,
): Promise<RequestDetails> {
  if (request.view.status !== "pending") return request;
  const ref: RequestRef = { tenant: context.caller.tenant, id: request.view.request_id };
  const subject = { ref, wasUndelivered: request.view.delivery === "undelivered" };
  try {
    return (await waitForDecision(place, subject, seconds, context)) ?? request;
  } catch (error) {
    if (error instanceof Unavailable) return request;
    throw error;
  }
}

const outcomeOf = (submitted: Awaited<ReturnType<Submitter["submit"]>>): ToolOutcome =>
  submitted.kind === "error"
    ? submitted
    : { kind: "request", request: submitted.request, isNew: submitted.isNew };

const tooManyWaiters = () =>
  apiError(
    "unavailable",
    "Too many calls are waiting, so nothing was asked: call again without wait_seconds, or later.",
  );

function definitionFor(settings: GatewaySettings): ToolDefinition {
  const { defaultTimeoutSeconds, minTimeoutSeconds, maxTimeoutSeconds, maxWaitSeconds } = settings;
  const input = Submission.extend({
    timeout_seconds: Submission.shape.timeout_seconds.describe(
      `How long the person may take to answer. Default: ${defaultTimeoutSeconds}. Limited to ${minTimeoutSeconds}–${maxTimeoutSeconds}.`,
    ),
    wait_seconds: Submission.shape.wait_seconds.describe(
      `How long this call waits for the answer. Default: 0. Limited to 0–${maxWaitSeconds}.`,
    ),
  });
  return {
    name: "request_human_input",
    title: "Ask a person",
    description: DESCRIPTION,
    annotations: {
      title: "Ask a person",
      readOnlyHint: false,
      destructiveHint: false,
      idempotentHint: false,
      openWorldHint: true,
    },
    inputSchema: toolSchema(input, "input"),
    outputSchema: toolSchema(RequestOutput, "output"),
  };
}

const DESCRIPTION = [
  'Asks a person for an approval, a choice or a free-text answer. Returns the request at once, with its request_id and status "pending".',
  "Get the answer with check_request_status, or set wait_seconds to wait for it in this call.",
  'status is "pending", "decided", "expired" (no answer in time) or "cancelled". response is the value of the chosen option, or the typed text.',
  "approved is true only if the person chose an option that approves. It is false after a denial, and if an approval request expired or was cancelled.",
  'Example: {"message": "Deploy build 42 to production?", "request_type": "confirmation", "timeout_seconds": 600}',
].join("\n");
