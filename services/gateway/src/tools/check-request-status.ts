import type { KnownRequest } from "@loopgate/contracts";
import { z } from "zod";
import { parseArguments, seconds, waitSecondsOf, withoutNulls } from "../requests/arguments.ts";
import { findRequest, type RequestReaders } from "../requests/find-request.ts";
import { notFound, refused } from "../requests/refusal.ts";
import type { Waiters } from "../requests/waiters.ts";
import type { GatewaySettings } from "../settings.ts";
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
      const request = await findRequest(parts.readers, parsed.value.request_id);
      if (request === undefined) return notFound();
      const waitSeconds = waitSecondsOf(parsed.value.wait_seconds, maxWaitSeconds);
      if (waitSeconds === 0 || request.view.status !== "pending") return { kind: "request", request };
      return wait(parts, request, waitSeconds, caller);
    },
  };
}

/** A wait for a request that the log holds no more becomes a status. */
async function wait(
  { readers, waiters }: CheckRequestStatusParts,
  request: KnownRequest,
  waitSeconds: number,
  caller: Caller,
): Promise<ToolOutcome> {
  using place = waiters.reserve();
  if (place === undefined) return tooManyWait();
  const waited = await waitForDecision(place, request, waitSeconds, caller);
  const found = waited ?? (await findRequest(readers, request.view.request_id));
  return found === undefined ? notFound() : { kind: "request", request: found };
}

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
