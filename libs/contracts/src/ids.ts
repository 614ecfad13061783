import { stringify, v7 } from "uuid";
import { z } from "zod";
import { sha256 } from "./fingerprint.ts";

/** A request's id: a lower-case UUID, version 7, or 8 if it has an idempotency key. It is not a secret. */
const RequestId = z.uuid({ version: "v7" }).or(z.uuid({ version: "v8" }));

/** True for the form of Loopgate's ids. Any other text is answered with `not_found` without a read. */
export const isRequestId = (id: string): boolean =>
  id === id.toLowerCase() && RequestId.safeParse(id).success;

/** True for the id of a request that was submitted with an idempotency key. */
export const isKeyedRequestId = (id: string): boolean => id[14] === "8";

/** A new id that sorts by its creation time. */
export const newRequestId = (): string => v7();

/** The scope of an idempotency key, and the key: the same five are the same request for the life of the log (I7). */
export interface SubmissionKey {
  readonly tenant: string;
  /** Whose key it is: an API key's id, or a user of this machine. Another caller's key never answers. */
  readonly caller: string;
  readonly clientId: string;
  readonly sessionId: string;
  readonly key: string;
}

/** The id of an idempotency key: a UUIDv8 over the SHA-256 of the key and its scope. */
export function keyedRequestId({ tenant, caller, clientId, sessionId, key }: SubmissionKey): string {
  const bytes = sha256([tenant, caller, clientId, sessionId, key]).subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return stringify(bytes);
}

/** Identifies a client: a caller, as {@link SubmissionKey} has it, under one name. */
export const clientHash = (client: Pick<SubmissionKey, "tenant" | "caller" | "clientId">): string =>
  keyToken(client.tenant, client.caller, client.clientId);

/** Hashes caller text to a token that is safe in subjects and keys: 22 characters of base64url, 128 bits. */
export const keyToken = (...parts: readonly string[]): string =>
  sha256(parts).subarray(0, 16).toString("base64url");

/**
 * Tells a `created` apart from earlier ones with the same id: 6 characters over id and time. Buttons and copies carry
 * it, so that a press on an old question's copy never decides a new question (docs/invariants.md#rules).
 */
export const creationTag = (requestId: string, createdAt: string): string =>
  sha256([requestId, createdAt]).subarray(0, 4).toString("base64url");
