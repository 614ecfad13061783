import { z } from "zod";
import { Action } from "../action.ts";
import { Option } from "../events.ts";
import { RequestView, TimelineEntry } from "../view.ts";

/** A request in `/v1`: the view that every tool returns, and what programs and pages need besides. */
export const RequestResource = RequestView.extend({
  tag: z
    .string()
    .describe("Tells this question apart from an earlier one with the same id. A decision names it."),
  options: z.array(Option).describe("The possible answers. Empty: the answer is typed."),
  metadata: z.record(z.string(), z.unknown()).optional(),
  key_id: z.string().optional().describe("The API key of the asking program, as Loopgate has checked it."),
  action: Action.optional().describe("What runs if the person approves."),
  can_answer: z
    .boolean()
    .optional()
    .describe("Whether the person who reads this may answer now; absent for programs, which never may."),
}).meta({ id: "Request" });
export type RequestResource = z.infer<typeof RequestResource>;

export const RequestPage = z
  .object({
    data: z.array(RequestResource),
    next_cursor: z.string().nullable().describe("The cursor of the next page; null on the last one."),
  })
  .meta({ id: "RequestPage" });
export type RequestPage = z.infer<typeof RequestPage>;

/** What happened to a request, in the order in which it was recorded. */
export const Timeline = z.object({ data: z.array(TimelineEntry) }).meta({ id: "Timeline" });
