import type { Logger } from "@loopgate/runtime";
import {
  fastify,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from "fastify";
import type { Authenticator } from "./authenticator.ts";
import { answerClientError } from "./client-errors.ts";
import { apiErrorOf, MAX_BODY_BYTES } from "./exceptions.ts";
import { sendProblem } from "./problem.ts";
import { enforceRouteAccess, type Reject } from "./route-access.ts";
import { checkSources } from "./sources.ts";

/** How long a client may take to send a request, in milliseconds. */
const REQUEST_TIMEOUT_MS = 60_000;
/** The longest part of a path: a session id has 128 characters of up to 12 when they are encoded. */
const MAX_PARAMETER_LENGTH = 2_048;

export interface AppOptions {
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins?: readonly string[] | undefined;
  readonly authenticator: Authenticator;
  /** How errors outside `/v1` are answered. Default: as problems (RFC 9457). */
  readonly reject?: Reject;
  readonly logger: Logger;
}

/** The HTTP server without its routes: limits, access checks, and errors as JSON. */
export function createApp(options: AppOptions): FastifyInstance {
  const { allowedHosts, allowedOrigins = [], authenticator, logger } = options;
  const { reject = (_request, reply, error) => sendProblem(reply, error) } = options;
  const answerException = (error: FastifyError, request: FastifyRequest, reply: FastifyReply) =>
    reject(request, reply, apiErrorOf(error, logger));
  const app = fastify({
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    return503OnClosing: false,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: MAX_PARAMETER_LENGTH },
    frameworkErrors: (error, request, reply) => void answerException(error, request, reply),
    clientErrorHandler: answerClientError,
  });
  // Each route parses its own body, so that it can report invalid JSON in its own format, whatever the content type.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "string" }, async (_request: unknown, body: string) => body);
  checkSources(app, { allowedHosts, allowedOrigins, reject });
  enforceRouteAccess(app, authenticator, reject);
  app.setErrorHandler(answerException);
  app.setNotFoundHandler(async (request, reply) => {
    const caller = await authenticator.authenticate(request.headers);
    const { unknownPath = UNKNOWN_PATH } = caller?.kind === "challenge" ? caller : {};
    return reject(request, reply, { code: "not_found", message: unknownPath });
  });
  return app;
}

const UNKNOWN_PATH = "Nothing is served at this path: check the URL.";
