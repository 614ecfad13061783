import type { Logger } from "@loopgate/runtime";
import { fastify, type FastifyInstance } from "fastify";
import { type Authenticator, enforceRouteAccess } from "@loopgate/rest";
import { answerClientError } from "./client-errors.ts";
import { handleError, rejectRequest } from "./errors.ts";
import { checkSources } from "./origins.ts";

/** The largest request body, in bytes (docs/interface.md). */
const MAX_BODY_BYTES = 1_048_576;
/** How long a client may take to send a request, in milliseconds. */
const REQUEST_TIMEOUT_MS = 60_000;

export interface AppOptions {
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins?: readonly string[] | undefined;
  readonly authenticator: Authenticator;
  readonly logger: Logger;
}

/** The HTTP server without its routes: limits, access checks, and errors as JSON. */
export function createApp(options: AppOptions): FastifyInstance {
  const { allowedHosts, allowedOrigins = [], authenticator, logger } = options;
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
  checkSources(app, { allowedHosts, allowedOrigins });
  enforceRouteAccess(app, authenticator, rejectRequest);
  app.setErrorHandler(answerError);
  app.setNotFoundHandler(async (request, reply) => {
    const caller = await authenticator.authenticate(request.headers);
    const message = caller?.kind === "challenge" ? KEY_INSTEAD_OF_OAUTH : UNKNOWN_PATH;
    return rejectRequest(request, reply, { code: "not_found", message });
  });
  return app;
}

const UNKNOWN_PATH = "Nothing is served at this path: check the URL.";

/** MCP clients that get a 401 look for an authorization server, and show what they find in its place. */
const KEY_INSTEAD_OF_OAUTH =
  "Nothing is served at this path, and OAuth is not used here. This gateway needs an API key: send it as Authorization: Bearer <key>, or as X-API-Key. The operator creates one with ./loopgate key.";
