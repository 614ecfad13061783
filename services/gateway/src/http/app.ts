import type { Logger } from "@loopgate/runtime";
import { fastify, type FastifyInstance } from "fastify";
import { MAX_BODY_BYTES } from "../config/gateway-settings.ts";
import type { ApiKeys } from "../access/api-keys.ts";
import { answerClientError } from "./client-errors.ts";
import { handleError, refuseRequest } from "./errors.ts";
import { hostCheck } from "./host-check.ts";
import { addKeyCheck } from "../access/key-check.ts";

/** How long a client may take to send a request, in milliseconds. */
const REQUEST_TIMEOUT_MS = 60_000;

export interface AppParts {
  readonly allowedHosts: readonly string[];
  /** Absent: nobody needs a key. */
  readonly keys: ApiKeys | undefined;
  readonly logger: Logger;
}

/** The HTTP server without its routes: limits, checks, and errors as JSON. */
export function createApp({ allowedHosts, keys, logger }: AppParts): FastifyInstance {
  const answerError = handleError(logger);
  const app = fastify({
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => void answerError(error, request, reply),
    clientErrorHandler: answerClientError,
  });
  // Each route reads its text itself: broken JSON is answered in that route's words, whatever the content type says.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "string" }, async (_request: unknown, body: string) => body);
  app.addHook("onRequest", hostCheck(allowedHosts));
  addKeyCheck(app, keys);
  app.setErrorHandler(answerError);
  app.setNotFoundHandler((request, reply) =>
    refuseRequest(request, reply, { code: "not_found", message: "There is nothing at this path." }),
  );
  return app;
}
