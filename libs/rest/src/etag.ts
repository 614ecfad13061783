import { keyToken } from "@loopgate/contracts";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

/**
 * Tags what GET returns, and answers 304 to a caller that has it. Not `@fastify/etag`, which tags errors and knows no
 * list of tags.
 */
export function tagAnswers(scope: FastifyInstance): void {
  scope.addHook("onSend", async (request, reply, payload) => {
    if (!isReading(request, reply) || typeof payload !== "string") return payload;
    const tag = keyToken(payload);
    void reply.header("etag", `W/"${tag}"`);
    if (!tagsIn(request.headers["if-none-match"]).has(tag)) return payload;
    void reply.code(304).removeHeader("content-type").removeHeader("content-length");
    return null;
  });
}

const isReading = ({ method }: FastifyRequest, { statusCode }: FastifyReply): boolean =>
  (method === "GET" || method === "HEAD") && statusCode === 200;

/** The tags of a header such as `W/"a", "b"`, compared weakly (RFC 9110, 8.8.3.2). */
const tagsIn = (header: string | undefined): ReadonlySet<string> =>
  new Set(Array.from((header ?? "").matchAll(/(?:W\/)?"([^"]*)"/g), ([, tag = ""]) => tag));
