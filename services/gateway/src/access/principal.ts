/** What a caller may do: `request` asks, reads and cancels; `admin` also registers who is asked. */
export const scopes = ["request", "admin"] as const;
export type Scope = (typeof scopes)[number];

/** Who makes a call, as the edge authenticated it. */
export interface Principal {
  readonly tenant: string;
  /** Separates callers: idempotency keys of one never answer another. */
  readonly caller: string;
  /** The id of the API key; absent if the gateway needs none. */
  readonly keyId?: string | undefined;
  readonly scopes: readonly Scope[];
}

/** The caller of a gateway without keys: users of this machine. */
export const LOCAL_CALLER = "local";

/** The scope `admin` includes all others. */
export const hasScope = (principal: Principal, scope: Scope): boolean =>
  principal.scopes.includes("admin") || principal.scopes.includes(scope);
