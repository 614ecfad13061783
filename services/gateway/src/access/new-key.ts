import { createHash, randomBytes } from "node:crypto";
import type { KeyEntry, KeyScope } from "./key-file.ts";

export interface NewKey {
  /** The secret: shown once, stored nowhere. */
  readonly key: string;
  /** What the operator's file holds of it. */
  readonly entry: KeyEntry;
}

export interface KeyWishes {
  readonly scope: KeyScope;
  /** Default: made of the hash. */
  readonly id?: string | undefined;
  /** Default: never. */
  readonly expiresAt?: Date | undefined;
}

/** Makes a key of 256 random bits, so that its hash needs neither salt nor slowness. */
export function newKey({ scope, id, expiresAt }: KeyWishes): NewKey {
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
