import type { FastifyReply, FastifyRequest } from "fastify";
import type { ReadContext } from "./request-reader.ts";
import { callerOf } from "./route-access.ts";

/** Who makes this call, and until when. */
export function readContextOf(request: FastifyRequest, { raw }: FastifyReply): ReadContext {
  const gone = new AbortController();
  raw.once("close", () => {
    if (!raw.writableFinished) gone.abort();
  });
  const { traceparent, "user-agent": userAgent } = request.headers;
  return {
    caller: callerOf(request),
    traceparent: typeof traceparent === "string" ? traceparent : undefined,
    userAgent,
    signal: gone.signal,
  };
}
