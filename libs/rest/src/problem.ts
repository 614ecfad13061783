import type { ErrorCode, Problem } from "@loopgate/contracts";
import type { FastifyReply } from "fastify";
import type { ApiError, ArgumentProblem } from "./api-error.ts";
import type { Caller } from "./caller.ts";
import { resourceOf } from "./request-resource.ts";

/** The HTTP status of each error code (docs/interface.md#errors). */
export const statuses: Readonly<Record<ErrorCode, number>> = {
  invalid_arguments: 400,
  unauthorized: 401,
  sign_in_required: 401,
  forbidden: 403,
  recipient_not_allowed: 403,
  not_a_responder: 403,
  not_found: 404,
  no_recipient: 404,
  already_decided: 409,
  idempotency_conflict: 409,
  idempotency_key_used: 409,
  session_conflict: 409,
  session_inactive: 409,
  changed: 409,
  code_used: 410,
  payload_too_large: 413,
  unsupported_media_type: 415,
  unknown_option: 422,
  text_only: 422,
  buttons_only: 422,
  empty: 422,
  rate_limited: 429,
  internal_error: 500,
  unavailable: 503,
};

const titles: Readonly<Record<ErrorCode, string>> = {
  invalid_arguments: "Invalid arguments",
  unauthorized: "Credentials needed",
  sign_in_required: "Not signed in",
  forbidden: "Not allowed",
  recipient_not_allowed: "Recipient not allowed",
  not_a_responder: "Not asked",
  not_found: "Not found",
  no_recipient: "No one to ask",
  already_decided: "Already decided",
  idempotency_conflict: "Idempotency key of another request",
  idempotency_key_used: "Idempotency key used before",
  session_conflict: "Session registered otherwise",
  session_inactive: "Session not active",
  changed: "Another question",
  code_used: "Link used",
  payload_too_large: "Body too large",
  unsupported_media_type: "Not JSON",
  unknown_option: "Unknown option",
  text_only: "Text only",
  buttons_only: "Options only",
  empty: "Empty answer",
  rate_limited: "Too many calls",
  internal_error: "Internal error",
  unavailable: "Not available now",
};

/** Where the arguments of a call came from: problems in a body have pointers, others name a parameter. */
export type ArgumentSource = "body" | "parameters";

/** Sends an error as `application/problem+json` (RFC 9457). */
export function sendProblem(
  reply: FastifyReply,
  error: ApiError,
  source: ArgumentSource = "body",
): FastifyReply {
  const status = error.code === "idempotency_conflict" ? KEY_OF_OTHER_CONTENT : statuses[error.code];
  const { caller } = reply.request;
  return reply
    .code(status)
    .type("application/problem+json")
    .send(problemOf(error, status, { source, caller }));
}

interface ProblemContext {
  readonly source: ArgumentSource;
  /** Null before the caller is known. */
  readonly caller: Caller | null;
}

/** draft-ietf-httpapi-idempotency-key-header-07; the paths of the original Loopgate keep 409. */
const KEY_OF_OTHER_CONTENT = 422;

function problemOf(error: ApiError, status: number, { source, caller }: ProblemContext): Problem {
  const { code, message, request, problems } = error;
  return {
    type: `urn:loopgate:problem:${code}`,
    title: titles[code],
    status,
    code,
    detail: message,
    ...(request === undefined || caller === null ? {} : { request: resourceOf(request, caller) }),
    ...(problems === undefined ? {} : { errors: problems.map((problem) => located(problem, source)) }),
  };
}

const located = ({ path, detail }: ArgumentProblem, source: ArgumentSource) =>
  source === "body" ? { pointer: pointerTo(path), detail } : { parameter: String(path[0] ?? ""), detail };

/** A JSON pointer (RFC 6901). */
const pointerTo = (path: ArgumentProblem["path"]): string =>
  path.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
