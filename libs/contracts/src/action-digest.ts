import { createHash } from "node:crypto";
import canonicalize from "canonicalize";
import type { Action } from "./action.ts";

/**
 * SHA-256 over the canonical JSON (RFC 8785) of a whole action, as hex. Programs in any language get the same.
 * @throws Error if a text holds half a character, which has no canonical form.
 */
export const actionDigest = (action: Action): string =>
  createHash("sha256")
    .update(canonicalize(action) ?? "")
    .digest("hex");
