import type { RequestDetails } from "@loopgate/contracts";
import { Unavailable } from "@loopgate/bus";
import { waitSecondsOf } from "../requests/arguments.ts";
import { refused, type Refused } from "../tool-error.ts";
import { parseSubmission, Submission } from "../requests/submission.ts";
import type { Submitter } from "../requests/submitter.ts";
import type { Waiters, WaitingPlace } from "../requests/waiters.ts";
import type { GatewaySettings } from "../config/gateway-settings.ts";
import { toolSchema } from "./json-schema.ts";
import { RequestOutput } from "./outputs.ts";
import type { Caller, Tool, ToolDefinition, ToolOutcome } from "./tool.ts";
import { waitForDecision } from "./wait-for-decision.ts";

export interface RequestHumanInputParts {
  readonly submitter: Submitter;
  readonly waiters: Waiters;
  readonly settings: GatewaySettings;
}

/** Asks a person. */
export function requestHumanInput({ submitter, waiters, settings }: RequestHumanInputParts): Tool {
  return {
    definition: definitionFor(settings),
    run: async (given, caller) => {
      const parsed = parseSubmission(given);
      if (parsed.kind === "refused") return parsed;
      const seconds = waitSecondsOf(parsed.value.wait_seconds, settings.maxWaitSeconds);
      if (seconds === 0) return outcomeOf(await submitter.submit(parsed.value, caller));
      using place = waiters.reserve();
      if (place === undefined) return noPlace();
      const submitted = await submitter.submit(parsed.value, caller);
      if (submitted.kind === "refused") return submitted;
      return { kind: "request", request: await decidedOrKnown(place, submitted.request, seconds, caller) };
    },
  };
}

/** Whatever becomes of the wait: the caller must learn the id of what was asked. */
async function decidedOrKnown(
  place: WaitingPlace,
  request: RequestDetails,
  seconds: number,
  caller: Caller,
): Promise<RequestDetails> {
  if (request.view.status !== "pending") return request;
  const subject = { id: request.view.request_id, wasUndelivered: request.view.delivery === "undelivered" };
  try {
    return (await waitForDecision(place, subject, seconds, caller)) ?? request;
  } catch (error) {
    if (error instanceof Unavailable) return request;
    throw error;
  }
}

const outcomeOf = (submitted: Awaited<ReturnType<Submitter["submit"]>>): ToolOutcome =>
  submitted.kind === "refused" ? submitted : { kind: "request", request: submitted.request };

const noPlace = (): Refused =>
  refused(
    "unavailable",
    "Too many calls are waiting here, so nothing was asked. Call again without wait_seconds, or later.",
  );

function definitionFor(settings: GatewaySettings): ToolDefinition {
  const { defaultTimeoutSeconds, minTimeoutSeconds, maxTimeoutSeconds, maxWaitSeconds } = settings;
  const input = Submission.extend({
    timeout_seconds: Submission.shape.timeout_seconds.describe(
      `How long the person has. Default: ${defaultTimeoutSeconds}; kept within ${minTimeoutSeconds}–${maxTimeoutSeconds}.`,
    ),
    wait_seconds: Submission.shape.wait_seconds.describe(
      `How long this call waits for the answer before it returns. Default: 0; kept within 0–${maxWaitSeconds}.`,
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
  "Sends a question to a person on Telegram, for an approval, a choice or a free-text answer, and returns the request at once:",
  'request_id and status "pending". check_request_status tells the answer later; with wait_seconds this call waits for it first.',
  'status is "pending", "decided", "expired" (nobody answered in time) or "cancelled". response is the chosen option\'s value or the typed text.',
  "approved is true only if the person chose an option that approves; it is false after a denial, and when an approval expired or was cancelled.",
  'Example: {"message": "Deploy build 42 to production?", "request_type": "confirmation", "timeout_seconds": 600}',
].join("\n");
