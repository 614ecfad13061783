import type { Logger } from "@loopgate/runtime";
import { parseJson } from "@loopgate/runtime/json";
import type { FastifyBaseLogger, FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { RawReplyDefaultExpression, RawRequestDefaultExpression, RawServerDefault } from "fastify";
import { serializerCompiler, type ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { type ApiError, invalidArguments } from "./api-error.ts";
import { parseArguments } from "./arguments.ts";
import type { Authenticator } from "./authenticator.ts";
import { apiErrorOf, ArgumentsRejected } from "./exceptions.ts";
import { tagAnswers } from "./etag.ts";
import { describeRoutes } from "./openapi.ts";
import { limitRates } from "./rate-limits.ts";
import { sendProblem } from "./problem.ts";

/** The scope below `/v1`: routes in it have zod schemas. */
export type V1 = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** What a service adds to the HTTP server of a gateway in the same process. */
export interface WebExtension {
  /** Knows credentials that the gateway does not know. */
  readonly authenticator: Authenticator;
  /** Adds routes outside `/v1`. */
  addRoutes(app: FastifyInstance): void;
  addV1Routes(v1: V1): void;
}

export interface V1Options {
  readonly logger: Logger;
  /** Loopgate's version, for the description of the interface. */
  readonly version: string;
  readonly addRoutes: (v1: V1) => void;
}

/**
 * Adds `/v1`: bodies are JSON, errors are problems (RFC 9457), nothing is cached, and `/v1/openapi.json` describes all of
 * its routes.
 */
export async function addV1(app: FastifyInstance, { logger, version, addRoutes }: V1Options): Promise<void> {
  await app.register(
    async (scope) => {
      speakJson(scope, logger);
      scope.setNotFoundHandler((_request, reply) => sendProblem(reply, UNKNOWN_PATH));
      tagAnswers(scope);
      await limitRates(scope);
      await describeRoutes(scope, version);
      addRoutes(scope.withTypeProvider<ZodTypeProvider>());
    },
    { prefix: "/v1" },
  );
}

/** In this scope, bodies are JSON that fits the zod schemas of its routes, errors are problems, and nothing is cached. */
export function speakJson(scope: FastifyInstance, logger: Logger): V1 {
  acceptOnlyJson(scope);
  scope.setValidatorCompiler(({ schema }) => validatorOf(schema));
  scope.setSerializerCompiler(serializerCompiler);
  scope.setErrorHandler(answerException(logger));
  scope.addHook("onRequest", async (_request, reply) => void reply.header("cache-control", "no-store"));
  return scope.withTypeProvider<ZodTypeProvider>();
}

/** True for the URL of a request that `/v1` answers. */
export const isV1 = (url: string): boolean => /^\/v1(?:[/?]|$)/.test(url);

function acceptOnlyJson(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser(
    "application/json",
    { parseAs: "string" },
    async (_request: unknown, text: string) => {
      if (text === "") return undefined;
      const json = parseJson(text);
      if (json.kind === "value") return json.value;
      const detail = json.kind === "not_json" ? "must be JSON" : "nests too deep, send fewer levels";
      throw new ArgumentsRejected(invalidArguments([{ path: [], detail }]).error);
    },
  );
}

/** Reads arguments as every other way in does. */
function validatorOf(schema: unknown) {
  if (!(schema instanceof z.ZodType)) throw new TypeError("a route of /v1 has a schema that is not zod's");
  return (given: unknown) => {
    const parsed = parseArguments(schema, given);
    return parsed.kind === "parsed"
      ? { value: parsed.value }
      : { error: new ArgumentsRejected(parsed.error) };
  };
}

const answerException =
  (logger: Logger) =>
  (error: FastifyError, _request: FastifyRequest, reply: FastifyReply): FastifyReply =>
    sendProblem(reply, apiErrorOf(error, logger), isOfParameters(error) ? "parameters" : "body");

const isOfParameters = (error: Error): boolean =>
  error instanceof ArgumentsRejected &&
  error.validationContext !== undefined &&
  error.validationContext !== "body";

const UNKNOWN_PATH: ApiError = {
  code: "not_found",
  message: "Nothing is served at this path: GET /v1/openapi.json lists what is.",
};
