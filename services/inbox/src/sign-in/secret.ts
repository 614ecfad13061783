import { createHash, randomBytes } from "node:crypto";

/** A new secret as hex. */
export const newSecret = (bytes: number): string => randomBytes(bytes).toString("hex");

/** What is stored in place of a secret, and the key of its record: SHA-256 as base64url. */
export const hashOf = (secret: string): string => createHash("sha256").update(secret).digest("base64url");
