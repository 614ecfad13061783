/** What an API key may do: `request` asks, reads and cancels; `read` only reads; `admin` does that and registers who is asked. */
export const scopes = ["request", "read", "admin"] as const;
export type Scope = (typeof scopes)[number];

/** Who makes a call, as an {@link Authenticator} proved it. */
export type Caller = KeyCaller | PersonCaller;

/** A program: the holder of an API key, or a user of this machine where no key is needed. It can never answer (I5). */
export interface KeyCaller {
  readonly kind: "key";
  readonly tenant: string;
  /** Separates callers: idempotency keys of one never answer another. */
  readonly id: string;
  /** The id of the API key; absent if none is needed. */
  readonly keyId?: string | undefined;
  readonly scopes: readonly Scope[];
}

/** A signed-in person. */
export interface PersonCaller {
  readonly kind: "person";
  readonly tenant: string;
  readonly id: string;
  /** As people read it. */
  readonly name: string;
  /** The names under which this person may answer. */
  readonly principals: readonly string[];
  readonly roles: readonly Role[];
  /** How the person was proved. */
  readonly auth: "local" | "link" | "oidc";
}

/** A `responder` sees the requests that name them; an `auditor` and an `admin` see all. */
type Role = "responder" | "auditor" | "admin";

/** The id of callers that need no key: users of this machine. */
export const LOCAL_CALLER = "local";

/** The id of the API key that a caller proved. */
export const keyIdOf = (caller: Caller): string | undefined =>
  caller.kind === "key" ? caller.keyId : undefined;

/** Who may use a route: holders of a key with one of the scopes, signed-in people, or everyone. */
export type RouteAccess = "public" | readonly (Scope | "person")[];

/** True if the route is for this caller. The scope `admin` includes all other scopes, and is no person. */
export function mayUse(access: Exclude<RouteAccess, "public">, caller: Caller): boolean {
  if (caller.kind === "person") return access.includes("person");
  return access.some(
    (needed) => needed !== "person" && (caller.scopes.includes("admin") || caller.scopes.includes(needed)),
  );
}
