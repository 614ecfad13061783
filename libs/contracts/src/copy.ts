import { z } from "zod";
import { keyToken } from "./ids.ts";

/** What a message in a chat shows, as the `copies` bucket keeps it (JSON): a typed reply is matched by this. */
export const RecordedCopy = z.looseObject({
  tenant: z.string(),
  request_id: z.string(),
  /** `creationTag` of the question shown. */
  tag: z.string(),
});
export type RecordedCopy = z.infer<typeof RecordedCopy>;

/** The key of a copy in its bucket. */
export const copyKey = (endpoint: string, copy: string): string => keyToken(endpoint, copy);

/** The key in that bucket by which a result is sent once in the place of a copy. */
export const resultKey = (endpoint: string, copy: string): string => keyToken(endpoint, copy, "result");
