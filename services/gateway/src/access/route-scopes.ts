import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from "fastify";
import type { ToolError } from "../tool-error.ts";
import type { Authenticator } from "./authenticator.ts";
import { hasScope, type Principal, type Scope } from "./principal.ts";

/** What a route needs: a scope, or nothing at all. */
type RouteScope = Scope | "public";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Required on every route: the server does not start with a route that lacks it. */
    scope?: RouteScope;
  }
  interface FastifyRequest {
    /** Null on public routes. */
    principal: Principal | null;
  }
}

/** For probes and scrapers. `@loopgate/runtime` adds these routes and does not know scopes. */
export const probePaths: ReadonlySet<string> = new Set(["/healthz", "/readyz", "/metrics"]);

/** Answers a request before it reaches its route. */
type Reject = (request: FastifyRequest, reply: FastifyReply, error: ToolError) => FastifyReply;

/**
 * Lets a request through to its route only if its principal has the route's scope
 * (docs/interface.md#sessions-and-recipients). Adding a route without a scope throws.
 */
export function enforceRouteScopes(app: FastifyInstance, authenticator: Authenticator, reject: Reject): void {
  app.decorateRequest("principal", null);
  app.addHook("onRoute", requireScope);
  app.addHook("onRequest", async (request, reply) => {
    const scope = scopeOf(request);
    if (scope === "public") return undefined;
    const caller = authenticator.authenticate(request.headers);
    if ("wwwAuthenticate" in caller) {
      void reply.header("www-authenticate", caller.wwwAuthenticate);
      return reject(request, reply, { code: "unauthorized", message: caller.message });
    }
    if (!hasScope(caller, scope))
      return reject(request, reply, { code: "forbidden", message: SCOPE_MISSING });
    request.principal = caller;
    return undefined;
  });
}

/** Who makes this request; for routes that are not public. */
export function principalOf({ principal }: FastifyRequest): Principal {
  if (principal === null) throw new TypeError("a public route has no principal");
  return principal;
}

function requireScope(route: RouteOptions): void {
  if (probePaths.has(route.url)) route.config = { scope: "public" };
  if (route.config?.scope !== undefined) return;
  throw new TypeError(`${String(route.method)} ${route.url} has no scope: set config.scope on the route`);
}

/** Unknown paths are public: clients get 404, also when they look for OAuth metadata. */
function scopeOf({ routeOptions: { url, config } }: FastifyRequest): RouteScope {
  return url === undefined ? "public" : (config.scope ?? "admin");
}

const SCOPE_MISSING =
  "This key lacks the scope admin, which this path needs: use a key that the operator created with ./loopgate key --scope admin.";
