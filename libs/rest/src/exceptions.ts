import { LogFull, Unavailable } from "@loopgate/bus";
import type { Logger } from "@loopgate/runtime";
import type { FastifyError } from "fastify";
import { type ApiError, logIsFull } from "./api-error.ts";

/** The largest request body, in bytes (docs/interface.md). */
export const MAX_BODY_BYTES = 1_048_576;

/** A call failed unexpectedly. The log has the reason; the caller must not see it. */
export class CallFailed extends Error {
  override readonly name = "CallFailed";
  override readonly message = "internal error";
}

/** A body or a parameter does not fit its schema. */
export class ArgumentsRejected extends Error {
  override readonly name = "ArgumentsRejected";
  readonly error: ApiError;
  /** Set by Fastify: where the value came from. Absent for a body that is not JSON. */
  readonly validationContext?: string;

  constructor(error: ApiError) {
    super(error.code);
    this.error = error;
  }
}

/** What a caller is told of a route's exception: no internals, which are logged once. */
export function apiErrorOf(error: FastifyError, logger: Logger): ApiError {
  if (error instanceof ArgumentsRejected) return error.error;
  const known = ofFastify.get(error.code);
  if (known !== undefined) return known;
  if (error.statusCode !== undefined && error.statusCode < 500) return UNREADABLE;
  if (error instanceof LogFull) return logIsFull().error;
  if (error instanceof Unavailable) return UNAVAILABLE;
  if (!(error instanceof CallFailed)) logger.error({ err: error }, "request failed");
  return INTERNAL;
}

const ofFastify: ReadonlyMap<string, ApiError> = new Map<string, ApiError>([
  [
    "FST_ERR_CTP_BODY_TOO_LARGE",
    { code: "payload_too_large", message: `The body has more than ${MAX_BODY_BYTES} bytes: send less.` },
  ],
  [
    "FST_ERR_CTP_INVALID_MEDIA_TYPE",
    {
      code: "unsupported_media_type",
      message: "Bodies are JSON here: send them with Content-Type: application/json.",
    },
  ],
  [
    "RATE_EXCEEDED",
    { code: "rate_limited", message: "Too many calls: call again after the seconds in Retry-After." },
  ],
]);

const UNREADABLE: ApiError = {
  code: "invalid_arguments",
  message: "The request could not be parsed: check its URL, headers and body.",
};

const UNAVAILABLE: ApiError = {
  code: "unavailable",
  message: "Loopgate's log or store does not answer: call again in a few seconds.",
};

const INTERNAL: ApiError = {
  code: "internal_error",
  message: "Loopgate failed internally: the operator finds the reason in its log.",
};
