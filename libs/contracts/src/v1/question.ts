import { z } from "zod";
import { seconds, text } from "../arguments.ts";
import { Effect, RequestType } from "../events.ts";

const MAX_METADATA_BYTES = 8_192;
const MAX_ACTION_BYTES = 262_144;
const MAX_LEVELS = 100;
const MAX_OPTIONS = 50;

const OfferedOption = z.union(
  [
    text(200),
    z.object({
      label: text(200).describe("The text on the button."),
      value: text(200).optional().describe("The response that you get for it. Default: the label."),
      effect: Effect.optional().describe("Whether choosing it approves."),
    }),
  ],
  "must be a text of 1 to 200 characters or an object { label, value?, effect? }",
);

const OfferedAction = z.object(
  {
    tool: text(200).describe("The name of the tool or command."),
    server: text(200).optional().describe("The MCP server that has the tool."),
    arguments: z
      .record(z.string(), z.unknown(), "must be an object")
      .refine(isActionSize, "must have at most 256 KiB as JSON, 100 levels and no halves of characters")
      .describe("The arguments exactly as they will be used."),
    host: text(200).optional().describe("The program that runs the agent."),
    cwd: text(4_096).optional().describe("The directory in which it will run."),
    summary: text(1_000).optional().describe("What the agent says that it is for."),
  },
  "must be an object { tool, arguments, server?, host?, cwd?, summary? }",
);

/** What a caller asks: the body of `POST /v1/requests`, and the arguments of every other way to ask. */
export const QuestionBody = z.object(
  {
    message: text(16_000).describe(
      "The question in plain text, with everything the person needs to know to answer it.",
    ),
    request_type: RequestType.optional().describe(
      "confirmation: approve or deny. choice: one of the options. input: free text. Default: choice if options are given, else input.",
    ),
    options: z
      .array(OfferedOption, "must be a list")
      .max(MAX_OPTIONS, `must have at most ${MAX_OPTIONS} entries`)
      .optional()
      .describe("The possible answers, shown as buttons. Default for a confirmation: Approve and Deny."),
    timeout_seconds: seconds().optional(),
    wait_seconds: seconds().optional(),
    session_id: text(128).optional().describe('Selects the people to ask. Default: "default".'),
    client_id: text(128)
      .optional()
      .describe("A name for the asking agent, for lists and logs. Default: the MCP client's name."),
    metadata: z
      .record(z.string(), z.unknown(), "must be an object")
      .refine(isMetadataSize, "must have at most 8 KiB as JSON and 100 levels")
      .optional()
      .describe("Facts to show to the person below the question."),
    action: OfferedAction.optional().describe(
      "What will run if the person approves; shown below the question. The request has its action_digest.",
    ),
    idempotency_key: text(200)
      .optional()
      .describe(
        "For retries of this one call: repeating it with the same key asks only once. Every new question needs a new key; a used key is refused some minutes after its request has ended.",
      ),
  },
  "must be an object",
);
export type QuestionBody = z.infer<typeof QuestionBody>;

/** Checks the depth first, because `JSON.stringify` recurses and could overflow the stack. */
function isMetadataSize(metadata: Record<string, unknown>): boolean {
  return hasLevels(MAX_LEVELS, metadata) && bytesOf(metadata) <= MAX_METADATA_BYTES;
}

function isActionSize(given: Record<string, unknown>): boolean {
  return hasLevels(MAX_LEVELS, given) && bytesOf(given) <= MAX_ACTION_BYTES && isWellFormed(given);
}

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

/** Half a character has no canonical form, and no channel shows it. */
const isWellFormed = (value: unknown): boolean =>
  typeof value === "string"
    ? value.isWellFormed()
    : typeof value !== "object" ||
      value === null ||
      Object.entries(value).every(([name, member]) => name.isWellFormed() && isWellFormed(member));

const hasLevels = (max: number, value: unknown): boolean =>
  typeof value !== "object" ||
  value === null ||
  (max > 0 && Object.values(value).every((member) => hasLevels(max - 1, member)));
