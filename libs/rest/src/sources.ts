import {
  localhostAllowedHostnames,
  validateHostHeader,
  validateOriginHeader,
} from "@modelcontextprotocol/server";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { ApiError } from "./api-error.ts";
import { probePaths, type Reject } from "./route-access.ts";

interface AllowedSources {
  /** Names that `Host` may contain besides loopback names, and the hosts of pages in `Origin`. Ports are ignored. */
  readonly allowedHosts: readonly string[];
  /** Further pages that may call, as `Origin` names them. */
  readonly allowedOrigins: readonly string[];
  readonly reject: Reject;
}

/** How long a browser may remember the answer to a preflight, in seconds. */
const PREFLIGHT_MAX_AGE_SECONDS = 3_600;

/**
 * Rejects requests that a foreign web page could make a browser send: by DNS rebinding (`Host`), or from its own
 * origin. Pages of allowed origins may read the answers (CORS); their preflights carry no key, so they are answered
 * here. Probes and scrapers address hosts by IP, and what they read is not secret.
 */
export function checkSources(
  app: FastifyInstance,
  { allowedHosts, allowedOrigins, reject }: AllowedSources,
): void {
  const hosts = [...localhostAllowedHostnames(), ...allowedHosts.map(hostnameOf)];
  const origins: ReadonlySet<string> = new Set(allowedOrigins);
  const mayCall = (origin: string) => origins.has(origin) || validateOriginHeader(origin, hosts).ok;
  app.addHook("onRequest", async (request, reply) => {
    const isProbe = probePaths.has(request.routeOptions.url ?? "");
    const { host, origin } = request.headers;
    if (!isProbe && !validateHostHeader(host, hosts).ok) return reject(request, reply, HOST_FORBIDDEN);
    void reply.header("vary", "Origin");
    if (origin === undefined || origin === "") return undefined;
    if (!mayCall(origin)) return isProbe ? undefined : reject(request, reply, ORIGIN_FORBIDDEN);
    void reply.headers({
      "access-control-allow-origin": origin,
      "access-control-expose-headers": "WWW-Authenticate",
    });
    return isPreflight(request) ? answerPreflight(request, reply) : undefined;
  });
}

const isPreflight = ({ method, headers }: FastifyRequest): boolean =>
  method === "OPTIONS" && headers["access-control-request-method"] !== undefined;

function answerPreflight({ headers }: FastifyRequest, reply: FastifyReply): FastifyReply {
  const asked = headers["access-control-request-headers"];
  const isPrivate = headers["access-control-request-private-network"] === "true";
  return reply
    .code(204)
    .headers({
      vary: "Origin, Access-Control-Request-Headers",
      "access-control-allow-methods": "GET, POST",
      "access-control-max-age": String(PREFLIGHT_MAX_AGE_SECONDS),
      ...(asked === undefined ? {} : { "access-control-allow-headers": asked }),
      // Asked by a page of the internet before it may call this machine.
      ...(isPrivate ? { "access-control-allow-private-network": "true" } : {}),
    })
    .send();
}

const HOST_FORBIDDEN: ApiError = {
  code: "forbidden",
  message:
    "The Host header names a host that is not allowed: the operator adds it to LOOPGATE_ALLOWED_HOSTS.",
};
const ORIGIN_FORBIDDEN: ApiError = {
  code: "forbidden",
  message:
    "The Origin header names a web page that is not allowed: the operator adds it to LOOPGATE_ALLOWED_ORIGINS, or its host to LOOPGATE_ALLOWED_HOSTS.",
};

/** As URLs spell it: lower case, IPv6 in brackets, no port. */
const hostnameOf = (host: string): string => URL.parse(`http://${host}`)?.hostname ?? host;
