import {
  type McpServerFactory,
  WebStandardStreamableHTTPServerTransport,
} from "@modelcontextprotocol/server";
import type { WebHandler } from "./web-request-bridge.ts";

/**
 * Serves one exchange of the older protocol era with a single JSON object: for clients that ask for no event stream, which
 * the protocol's own transport refuses.
 */
export function oneJsonAnswer(factory: McpServerFactory): WebHandler {
  return {
    fetch: async (request, options) => {
      const headers = new Headers(request.headers);
      headers.set("accept", "application/json, text/event-stream");
      const accepting = new Request(request.url, { method: request.method, headers });
      const server = await factory({ era: "legacy", requestInfo: accepting });
      const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
      await server.connect(transport);
      const gone = Promise.withResolvers<Response>();
      request.signal.addEventListener("abort", () => gone.resolve(new Response(null, { status: 499 })));
      try {
        return await Promise.race([transport.handleRequest(accepting, options), gone.promise]);
      } finally {
        await server.close();
      }
    },
  };
}
