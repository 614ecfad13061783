import type { Logger } from "@loopgate/runtime";
import {
  localhostAllowedHostnames,
  validateHostHeader,
  validateOriginHeader,
} from "@modelcontextprotocol/server";
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { Authenticator } from "../access/authenticator.ts";
import { enforceRouteScopes, probePaths } from "../access/route-scopes.ts";
import { answerClientError } from "./client-errors.ts";
import { handleError, rejectRequest } from "./errors.ts";

/** The largest request body, in bytes (design 4.6). */
const MAX_BODY_BYTES = 1_048_576;
/** How long a client may take to send a request, in milliseconds. */
const REQUEST_TIMEOUT_MS = 60_000;

export interface AppOptions {
  readonly allowedHosts: readonly string[];
  readonly authenticator: Authenticator;
  readonly logger: Logger;
}

/** The HTTP server without its routes: limits, access checks, and errors as JSON. */
export function createApp({ allowedHosts, authenticator, logger }: AppOptions): FastifyInstance {
  const answerError = handleError(logger, MAX_BODY_BYTES);
  const app = fastify({
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    return503OnClosing: false,
    routerOptions: { ignoreTrailingSlash: true },
    frameworkErrors: (error, request, reply) => void answerError(error, request, reply),
    clientErrorHandler: answerClientError,
  });
  // Each route parses its own body, so that it can report invalid JSON in its own format, whatever the content type.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "string" }, async (_request: unknown, body: string) => body);
  app.addHook("onRequest", hostCheck(allowedHosts));
  enforceRouteScopes(app, authenticator, rejectRequest);
  app.setErrorHandler(answerError);
  app.setNotFoundHandler((request, reply) =>
    rejectRequest(request, reply, {
      code: "not_found",
      message: "Nothing is served at this path: check the URL.",
    }),
  );
  return app;
}

/**
 * Rejects requests that a foreign web page could make a browser send (DNS rebinding): `Host`, and `Origin` if present,
 * must be a loopback name or an allowed one. Probes and scrapers address hosts by IP, and what they read is not secret.
 */
function hostCheck(allowedHosts: readonly string[]) {
  const allowed = [...localhostAllowedHostnames(), ...allowedHosts.map(hostnameOf)];
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    if (probePaths.has(request.routeOptions.url ?? "")) return undefined;
    const { host, origin } = request.headers;
    if (!validateHostHeader(host, allowed).ok) return forbid(request, reply, "Host");
    if (!validateOriginHeader(origin, allowed).ok) return forbid(request, reply, "Origin");
    return undefined;
  };
}

const forbid = (request: FastifyRequest, reply: FastifyReply, header: string): FastifyReply =>
  rejectRequest(request, reply, {
    code: "forbidden",
    message: `The ${header} header names a host that is not allowed: the operator adds it to LOOPGATE_ALLOWED_HOSTS.`,
  });

/** As URLs spell it: lower case, IPv6 in brackets, no port. */
const hostnameOf = (host: string): string => URL.parse(`http://${host}`)?.hostname ?? host;
