import { z } from "zod";
import { RequestResource } from "./request.ts";

/** Why a call of `/v1` failed (RFC 9457). `code` is one of `ErrorCode`; it is stable, the texts are not. */
export const Problem = z
  .object({
    type: z.string().describe("urn:loopgate:problem:<code>"),
    title: z.string(),
    status: z.int(),
    code: z.string().describe("Stable. New codes may come."),
    detail: z.string().describe("What is wrong, and the next step."),
    request: RequestResource.optional().describe("The request as it is now, if its state is the reason."),
    errors: z
      .array(
        z.object({
          pointer: z.string().optional().describe("Where in the body, as a JSON pointer (RFC 6901)."),
          parameter: z.string().optional().describe("Which parameter of the query, the path or a header."),
          detail: z.string(),
        }),
      )
      .optional()
      .describe("Each problem with the arguments."),
  })
  .meta({ id: "Problem" });
export type Problem = z.infer<typeof Problem>;
