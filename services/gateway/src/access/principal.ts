/** What a caller may do: `request` asks, reads and cancels; `admin` also registers who is asked. */
export const scopes = ["request", "admin"] as const;
export type Scope = (typeof scopes)[number];

/** Who makes a call, as the edge authenticated it. */
export interface Principal {
  readonly tenant: string;
  /** The id of the API key; absent if the gateway needs none. */
  readonly keyId?: string | undefined;
  readonly scopes: readonly Scope[];
}

/** The scope `admin` includes all others. */
export const hasScope = (principal: Principal, scope: Scope): boolean =>
  principal.scopes.includes("admin") || principal.scopes.includes(scope);
