import { isRequestId } from "@loopgate/contracts";
import { z } from "zod";
import { parseArguments, seconds, waitSecondsOf, withoutNulls } from "../requests/arguments.ts";
import { findRequest, type RequestReaders } from "../requests/find-request.ts";
import { notFound, refused } from "../tool-error.ts";
import type { Waiters } from "../requests/waiters.ts";
import type { GatewaySettings } from "../config/gateway-settings.ts";
import { toolSchema } from "./json-schema.ts";
import { RequestOutput } from "./outputs.ts";
import { requestIdArgument } from "./request-id-argument.ts";
import type { Caller, Tool, ToolDefinition, ToolOutcome } from "./tool.ts";
import { waitForDecision } from "./wait-for-decision.ts";

export interface CheckRequestStatusParts {
  readonly readers: RequestReaders;
  readonly waiters: Waiters;
  readonly settings: GatewaySettings;
}

const Arguments = z.object(
  { request_id: requestIdArgument(), wait_seconds: seconds().optional() },
  "must be an object",
);

/** Tells the state of a request, now or once it is decided. */
export function checkRequestStatus(parts: CheckRequestStatusParts): Tool {
  const { maxWaitSeconds } = parts.settings;
  return {
    definition: definitionFor(parts.settings),
    run: async (given, caller) => {
      const parsed = parseArguments(Arguments, withoutNulls(given));
      if (parsed.kind === "refused") return parsed;
      const { request_id: id, wait_seconds } = parsed.value;
      const waitSeconds = waitSecondsOf(wait_seconds, maxWaitSeconds);
      return waitSeconds === 0 || !isRequestId(id) ? status(parts, id) : wait(parts, id, waitSeconds, caller);
    },
  };
}

async function status({ readers }: CheckRequestStatusParts, id: string): Promise<ToolOutcome> {
  const request = await findRequest(readers, id);
  return request === undefined ? notFound() : { kind: "request", request };
}

/** The log alone tells all about what is waited for; a wait for a request that it does not hold becomes a status. */
async function wait(
  parts: CheckRequestStatusParts,
  id: string,
  waitSeconds: number,
  caller: Caller,
): Promise<ToolOutcome> {
  using place = parts.waiters.reserve();
  if (place === undefined) return decidedOrRefused(await status(parts, id));
  const request = await waitForDecision(place, { id }, waitSeconds, caller);
  return request === undefined ? status(parts, id) : { kind: "request", request };
}

const decidedOrRefused = (outcome: ToolOutcome): ToolOutcome =>
  outcome.kind === "request" && outcome.request.view.status === "pending" ? tooManyWait() : outcome;

const tooManyWait = () =>
  refused("unavailable", "Too many calls are waiting here. Call again without wait_seconds, or later.");

function definitionFor({ maxWaitSeconds }: GatewaySettings): ToolDefinition {
  const input = Arguments.extend({
    wait_seconds: Arguments.shape.wait_seconds.describe(
      `How long this call waits for the decision before it returns. Default: 0; kept within 0–${maxWaitSeconds}.`,
    ),
  });
  return {
    name: "check_request_status",
    title: "Check a request",
    description: DESCRIPTION,
    annotations: {
      title: "Check a request",
      readOnlyHint: true,
      destructiveHint: false,
      idempotentHint: true,
      openWorldHint: false,
    },
    inputSchema: toolSchema(input, "input"),
    outputSchema: toolSchema(RequestOutput, "output"),
  };
}

const DESCRIPTION = [
  "Returns a request as it stands: its status, and the person's response once it is decided.",
  "With wait_seconds it returns the moment the request is decided, or turns out to be undeliverable; otherwise it returns at once.",
  "While the request is pending, poll_after_seconds tells when another look is worthwhile.",
  'Example: {"request_id": "019ab3f0-7c00-7000-8000-000000000001", "wait_seconds": 50}',
].join("\n");
