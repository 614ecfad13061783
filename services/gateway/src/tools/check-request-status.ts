import { isRequestId, type RequestRef, seconds } from "@loopgate/contracts";
import type { RequestQueries } from "@loopgate/bus";
import { findRequest, type RequestLog } from "@loopgate/requests";
import { z } from "zod";
import type { GatewaySettings } from "../config/gateway-settings.ts";
import { parseArguments, requestId, waitSecondsOf } from "@loopgate/rest/arguments";
import type { Waiters } from "../requests/waiters.ts";
import { apiError, noSuchRequest } from "@loopgate/rest";
import { toolSchema } from "./json-schema.ts";
import { RequestOutput } from "./outputs.ts";
import type { Tool, ToolDefinition, ToolOutcome } from "./tool.ts";
import { waitForDecision } from "./wait-for-decision.ts";

const Arguments = z.object(
  { request_id: requestId(), wait_seconds: seconds().optional() },
  "must be an object",
);

export interface CheckRequestStatusOptions {
  readonly requests: RequestLog;
  readonly queries: RequestQueries;
  readonly waiters: Waiters;
  readonly settings: Pick<GatewaySettings, "maxWaitSeconds">;
}

export function checkRequestStatus(options: CheckRequestStatusOptions): Tool {
  const { requests, queries, waiters } = options;
  const { maxWaitSeconds } = options.settings;
  const status = async (ref: RequestRef): Promise<ToolOutcome> => {
    const request = await findRequest({ requests, queries }, ref);
    return request === undefined ? noSuchRequest() : { kind: "request", request };
  };
  return {
    definition: definitionFor(maxWaitSeconds),
    run: async (given, context) => {
      const parsed = parseArguments(Arguments, given);
      if (parsed.kind === "error") return parsed;
      const { request_id: id, wait_seconds } = parsed.value;
      const ref = { tenant: context.caller.tenant, id };
      const waitSeconds = waitSecondsOf(wait_seconds, maxWaitSeconds);
      if (waitSeconds === 0 || !isRequestId(id)) return status(ref);
      using place = waiters.reserve();
      if (place === undefined) return unlessPending(await status(ref));
      const request = await waitForDecision(place, { ref }, waitSeconds, context);
      // Only `state` knows requests that the log has dropped.
      return request === undefined ? await status(ref) : { kind: "request", request };
    },
  };
}

const unlessPending = (outcome: ToolOutcome): ToolOutcome =>
  outcome.kind === "request" && outcome.request.view.status === "pending" ? tooManyWaiters() : outcome;

const tooManyWaiters = () =>
  apiError("unavailable", "Too many calls are waiting: call again without wait_seconds, or later.");

function definitionFor(maxWaitSeconds: number): ToolDefinition {
  const input = Arguments.extend({
    wait_seconds: Arguments.shape.wait_seconds.describe(
      `How long this call waits for the answer. Default: 0. Limited to 0–${maxWaitSeconds}.`,
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
  "Returns a request: its status, and the person's response once there is one.",
  "With wait_seconds, the call returns as soon as the request is decided or turns out to be undeliverable. Without it, the call returns at once.",
  "While the request is pending, check again after poll_after_seconds.",
  'Example: {"request_id": "019ab3f0-7c00-7000-8000-000000000001", "wait_seconds": 50}',
].join("\n");
