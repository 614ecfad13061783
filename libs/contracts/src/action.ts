import { createHash } from "node:crypto";
import canonicalize from "canonicalize";
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

/**
 * SHA-256 over the canonical JSON (RFC 8785) of a whole action, as hex. Programs in any language get the same.
 * @throws Error if a text holds half a character, which has no canonical form.
 */
export const actionDigest = (action: Action): string =>
  createHash("sha256")
    .update(canonicalize(action) ?? "")
    .digest("hex");
