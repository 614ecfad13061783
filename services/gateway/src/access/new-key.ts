import { createHash, randomBytes } from "node:crypto";
import type { KeyEntry } from "./key-file.ts";
import type { Scope } from "@loopgate/rest";

export interface NewKey {
  /** The secret. Shown once and stored nowhere. */
  readonly key: string;
  /** For the operator's file. */
  readonly entry: KeyEntry;
}

export interface NewKeyOptions {
  readonly scope: Scope;
  /** Default: the scope and the start of the hash. */
  readonly id?: string | undefined;
  /** Default: never. */
  readonly expiresAt?: Date | undefined;
}

/** Creates a key of 256 random bits, so that a fast hash without salt protects it. */
export function newKey({ scope, id, expiresAt }: NewKeyOptions): NewKey {
  const key = `lk_pub_${randomBytes(32).toString("hex")}`;
  const hash = createHash("sha256").update(key).digest("hex");
  return {
    key,
    entry: {
      id: id ?? `${scope}-${hash.slice(0, 8)}`,
      hash: `sha256:${hash}`,
      scopes: [scope],
      ...(expiresAt === undefined ? {} : { expires_at: expiresAt.toISOString() }),
    },
  };
}
