import type { ErrorCode } from "@loopgate/contracts";
import type { Logger } from "@loopgate/runtime";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { jsonRpcError } from "../mcp/json-rpc.ts";
import type { Refusal } from "../tool-error.ts";
import { CallFailed } from "../tools/registry.ts";
import { MAX_BODY_BYTES } from "../config/gateway-settings.ts";

/** What a refusal is in HTTP (design 4.3). */
const statuses: Readonly<Record<ErrorCode, number>> = {
  invalid_arguments: 400,
  unauthorized: 401,
  forbidden: 403,
  recipient_not_allowed: 403,
  not_found: 404,
  no_recipient: 404,
  already_decided: 409,
  idempotency_conflict: 409,
  session_conflict: 409,
  session_inactive: 409,
  payload_too_large: 413,
  unavailable: 503,
};

/** Answers with a refusal: `{"error":{"code","message"}}`. */
export const sendRefusal = (reply: FastifyReply, { code, message }: Refusal): FastifyReply =>
  reply.code(statuses[code]).send({ error: { code, message } });

/** Answers a request that never reached its route: in JSON-RPC's words on `/mcp`, in HTTP's elsewhere. */
export function refuseRequest(request: FastifyRequest, reply: FastifyReply, refusal: Refusal): FastifyReply {
  if (!isMcp(request)) return sendRefusal(reply, refusal);
  return reply.code(statuses[refusal.code]).send(jsonRpcError(-32_000, refusal.message));
}

/** Every exception of a route ends here: what a caller may know of it, and one line in the log. */
export const handleError =
  (logger: Logger) =>
  (error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    if (error.code === "FST_ERR_CTP_BODY_TOO_LARGE") {
      const message = `A body may have at most ${MAX_BODY_BYTES} bytes. Send less.`;
      return refuseRequest(request, reply, { code: "payload_too_large", message });
    }
    if (error.statusCode !== undefined && error.statusCode < 500) {
      return refuseRequest(request, reply, {
        code: "invalid_arguments",
        message: "The request can't be read. Check its URL, headers and body.",
      });
    }
    if (!(error instanceof CallFailed)) logger.error({ err: error }, "request failed");
    const message = "Something went wrong inside Loopgate; its log says what.";
    return isMcp(request)
      ? reply.code(500).send(jsonRpcError(-32_603, "Internal error"))
      : reply.code(500).send({ error: { code: "internal_error", message } });
  };

const isMcp = ({ url }: FastifyRequest): boolean => /^\/mcp(?:\?|$)/.test(url);
