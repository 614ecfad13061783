import { text } from "@loopgate/contracts";
import type { RequestQueries } from "@loopgate/bus";
import { z } from "zod";
import { clamp, parseArguments } from "@loopgate/rest/arguments";
import { invalidArguments } from "@loopgate/rest";
import { toolSchema } from "./json-schema.ts";
import { PageOutput } from "./outputs.ts";
import type { Tool } from "./tool.ts";

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100;

const Arguments = z.object(
  {
    session_id: text(128).optional().describe("Only requests of this session."),
    client_id: text(128).optional().describe("Only requests of this client."),
    limit: z
      .number("must be a number")
      .optional()
      .describe(`The maximum number of requests. Default: ${DEFAULT_LIMIT}. Limited to 1–${MAX_LIMIT}.`),
    cursor: z.string("must be a string").optional().describe("The next_cursor of the previous page."),
  },
  "must be an object",
);

export function listPendingRequests(queries: RequestQueries): Tool {
  return {
    definition,
    run: async (given, { caller: { tenant } }) => {
      const parsed = parseArguments(Arguments, given);
      if (parsed.kind === "error") return parsed;
      const { limit = DEFAULT_LIMIT, ...filter } = parsed.value;
      const reply = await queries.list({ tenant, ...filter, limit: clamp(limit, 1, MAX_LIMIT) });
      if (reply.kind === "invalid_cursor") {
        return invalidArguments([{ path: ["cursor"], detail: "is not the next_cursor of an earlier page" }]);
      }
      return { kind: "page", requests: reply.requests, nextCursor: reply.next_cursor };
    },
  };
}

const definition = {
  name: "list_pending_requests",
  title: "List pending requests",
  description: [
    "Lists the requests that wait for a person, oldest first. Messages are cut to 200 characters.",
    "count is the number of requests in this page. If there are more, pass next_cursor as cursor to get the next page.",
    'Example: {"session_id": "deploys", "limit": 20}',
  ].join("\n"),
  annotations: {
    title: "List pending requests",
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  },
  inputSchema: toolSchema(Arguments, "input"),
  outputSchema: toolSchema(PageOutput, "output"),
} as const;
