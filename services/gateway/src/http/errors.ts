import type { FastifyReply, FastifyRequest } from "fastify";
import { jsonRpcError } from "../mcp/json-rpc.ts";
import { type ApiError, isV1, sendProblem, statuses } from "@loopgate/rest";

/** Sends `{"error":{"code","message"}}`. */
export const sendError = (reply: FastifyReply, { code, message }: ApiError): FastifyReply =>
  reply.code(statuses[code]).send({ error: { code, message } });

/** Answers a request with a JSON-RPC error on `/mcp`, a problem below `/v1`, and a plain error elsewhere. */
export function rejectRequest(request: FastifyRequest, reply: FastifyReply, error: ApiError): FastifyReply {
  if (isV1(request.url)) return sendProblem(reply, error);
  if (!isMcp(request)) return sendError(reply, error);
  const answer =
    error.code === "internal_error"
      ? jsonRpcError(-32_603, "Internal error")
      : jsonRpcError(-32_000, error.message);
  return reply.code(statuses[error.code]).send(answer);
}

const isMcp = ({ url }: FastifyRequest): boolean => /^\/mcp\/?(?:\?|$)/.test(url);
