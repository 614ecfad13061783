import type { Logger } from "@loopgate/runtime";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { jsonRpcError } from "../mcp/json-rpc.ts";
import { type ApiError, isV1, sendProblem, statuses } from "@loopgate/rest";
import { CallFailed } from "../tools/registry.ts";

/** Sends `{"error":{"code","message"}}`. */
export const sendError = (reply: FastifyReply, { code, message }: ApiError): FastifyReply =>
  reply.code(statuses[code]).send({ error: { code, message } });

/** Answers a request that did not reach its route: with a JSON-RPC error on `/mcp`, a problem below `/v1`, a plain error elsewhere. */
export function rejectRequest(request: FastifyRequest, reply: FastifyReply, error: ApiError): FastifyReply {
  if (isV1(request.url)) return sendProblem(reply, error);
  if (!isMcp(request)) return sendError(reply, error);
  return reply.code(statuses[error.code]).send(jsonRpcError(-32_000, error.message));
}

/** Handles every exception of a route: logs it once, and tells the caller no internals. */
export const handleError =
  (logger: Logger, maxBodyBytes: number) =>
  (error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    if (error.code === "FST_ERR_CTP_BODY_TOO_LARGE") {
      const message = `The body has more than ${maxBodyBytes} bytes: send less.`;
      return rejectRequest(request, reply, { code: "payload_too_large", message });
    }
    if (error.statusCode !== undefined && error.statusCode < 500) {
      return rejectRequest(request, reply, {
        code: "invalid_arguments",
        message: "The request could not be parsed: check its URL, headers and body.",
      });
    }
    if (!(error instanceof CallFailed)) logger.error({ err: error }, "request failed");
    const message = "Loopgate failed internally: the operator finds the reason in its log.";
    return isMcp(request)
      ? reply.code(500).send(jsonRpcError(-32_603, "Internal error"))
      : reply.code(500).send({ error: { code: "internal_error", message } });
  };

const isMcp = ({ url }: FastifyRequest): boolean => /^\/mcp\/?(?:\?|$)/.test(url);
