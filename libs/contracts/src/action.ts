import { z } from "zod";

/** What will run if the person approves. */
export const Action = z.looseObject({
  tool: z.string(),
  server: z.string().optional(),
  arguments: z.record(z.string(), z.unknown()),
  host: z.string().optional(),
  cwd: z.string().optional(),
  summary: z.string().optional(),
});
export type Action = z.infer<typeof Action>;
