import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from "fastify";
import type { ApiError } from "./api-error.ts";
import type { Authenticator } from "./authenticator.ts";
import { type Caller, type KeyCaller, mayUse, type PersonCaller, type RouteAccess } from "./caller.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Required on every route: the server does not start with a route that lacks it. */
    access?: RouteAccess;
  }
  interface FastifyRequest {
    /** Null on public routes. */
    caller: Caller | null;
  }
}

/** Who reads requests. */
export const readers: RouteAccess = ["request", "read", "person"];

/** For probes and scrapers. `@loopgate/runtime` adds these routes and knows no access rules. */
export const probePaths: ReadonlySet<string> = new Set(["/healthz", "/readyz", "/metrics"]);

/** Answers a request before it reaches its route. */
export type Reject = (request: FastifyRequest, reply: FastifyReply, error: ApiError) => FastifyReply;

/**
 * Lets a request through to its route only if the route is for its caller (docs/interface.md#sessions-and-recipients).
 * Adding a route without `config.access` throws.
 */
export function enforceRouteAccess(app: FastifyInstance, authenticator: Authenticator, reject: Reject): void {
  app.decorateRequest("caller", null);
  app.addHook("onRoute", requireAccess);
  app.addHook("onRequest", async (request, reply) => {
    const access = accessTo(request);
    if (access === "public") return undefined;
    const caller = await authenticator.authenticate(request.headers);
    if (caller === undefined)
      return reject(request, reply, { code: "unauthorized", message: NO_CREDENTIALS });
    if (caller.kind === "refusal") return reject(request, reply, caller.error);
    if (caller.kind === "challenge") {
      void reply.header("www-authenticate", caller.wwwAuthenticate);
      return reject(request, reply, { code: "unauthorized", message: caller.message });
    }
    if (!mayUse(access, caller))
      return reject(request, reply, { code: "forbidden", message: forbidden(access, caller) });
    request.caller = caller;
    return undefined;
  });
}

/** Who makes this request; for routes that are not public. */
export function callerOf({ caller }: FastifyRequest): Caller {
  if (caller === null) throw new TypeError("a public route has no caller");
  return caller;
}

/** The program that makes this request; for routes that are not for people. */
export function keyCallerOf(request: FastifyRequest): KeyCaller {
  const caller = callerOf(request);
  if (caller.kind !== "key") throw new TypeError("a route for programs was reached by a person");
  return caller;
}

/** The person who makes this request; for routes that are for people alone. */
export function personCallerOf(request: FastifyRequest): PersonCaller {
  const caller = callerOf(request);
  if (caller.kind !== "person") throw new TypeError("a route for people was reached by a program");
  return caller;
}

function requireAccess(route: RouteOptions): void {
  if (probePaths.has(route.url)) route.config = { access: "public" };
  if (route.config?.access !== undefined) return;
  throw new TypeError(
    `${String(route.method)} ${route.url} has no access rule: set config.access on the route`,
  );
}

/** Unknown paths are public: clients get 404, also when they look for OAuth metadata. */
function accessTo({ routeOptions: { url, config } }: FastifyRequest): RouteAccess {
  return url === undefined ? "public" : (config.access ?? ["admin"]);
}

function forbidden(access: Exclude<RouteAccess, "public">, caller: Caller): string {
  const scopes = access.filter((needed) => needed !== "person");
  if (scopes.length === 0) return PEOPLE_ONLY;
  if (caller.kind === "person") return PROGRAMS_ONLY;
  const [scope] = scopes;
  return `This key lacks the scope ${scopes.join(" or ")}, which this path needs: use a key that the operator created with ./loopgate key --scope ${scope}.`;
}

const NO_CREDENTIALS = "This path needs credentials: send an API key, or sign in.";
const PEOPLE_ONLY = "Only a signed-in person may do this: no API key can.";
const PROGRAMS_ONLY = "This path is for programs: call it with an API key.";
